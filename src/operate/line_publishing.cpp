#include "operate/line_publishing.hpp"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "base/countdown.hpp"
#include "operate/line_splitter.hpp"
#include "operate/topology.hpp"

namespace tidings::operate {

namespace {

using transport::Record;
using transport::Transport;

// Beyond the publisher's own limit for a delivery: every outcome is there by then.
constexpr Duration kFlushGrace = std::chrono::seconds{5};

// A line on its way from being read to being reported.
struct Pending {
  PublishedLine outcome;
  std::size_t bytes = 0;
};

bool will_not_go_away(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded;
}

// Lines between reader, publisher and reporter. The publisher's callback may outlive the run, so it is shared.
class Window final {
 public:
  explicit Window(std::shared_ptr<Executor> executor)
      : executor_{std::move(executor)}, changed_{executor_->condition()} {}

  // Waits for room; lines larger than all the room go alone.
  void enter(std::size_t lines, std::size_t bytes) {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, kNever, *executor_, [&] {
      return lines_ == 0 || (lines_ + lines <= kPublishLinesMax && bytes_ + bytes <= kPublishBytesMax);
    });
    lines_ += lines;
    bytes_ += bytes;
  }

  void decided(Pending pending) {
    const std::lock_guard lock{mutex_};
    decided_.push_back(std::move(pending));
    changed_->notify_all();
  }

  // No more lines will enter; at the deadline the reporter ends though outcomes are missing.
  void close(Time deadline) {
    const std::lock_guard lock{mutex_};
    end_.emplace(*executor_, deadline);
    changed_->notify_all();
  }

  // Outcomes to report; empty: the end.
  std::vector<Pending> next() {
    std::unique_lock lock{mutex_};
    while (decided_.empty() && !(end_ && (lines_ == 0 || end_->over()))) {
      changed_->wait_until(lock, end_ ? end_->end() : kNever);
    }
    return std::exchange(decided_, {});
  }

  void leave(std::size_t lines, std::size_t bytes) {
    const std::lock_guard lock{mutex_};
    lines_ -= lines;
    bytes_ -= bytes;
    changed_->notify_all();
  }

  // Entered and not reported.
  std::size_t unreported() {
    const std::lock_guard lock{mutex_};
    return lines_;
  }

 private:
  std::shared_ptr<Executor> executor_;
  std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  std::size_t lines_ = 0;  // entered and not reported
  std::size_t bytes_ = 0;
  std::vector<Pending> decided_;
  std::optional<Countdown> end_;
};

class Publication final {
 public:
  Publication(Transport& transport, const std::shared_ptr<Executor>& executor, const PublishRequest& request,
              const PublishPorts& ports, transport::Publisher& publisher)
      : transport_{transport},
        executor_{executor},
        request_{request},
        ports_{ports},
        publisher_{publisher},
        reader_{request.topic, request.defaults, transport.capabilities().profile, *executor},
        window_{std::make_shared<Window>(executor)} {}

  Result<PublishTotals> run() {
    Result<void> read;
    {
      const auto reporter = executor_->spawn("reporter", [this] { report(); });
      read = read_all();
      const Time deadline = executor_->now() + transport::PublisherOptions{}.deliver_within + kFlushGrace;
      const auto flushed = publisher_.flush(deadline);
      window_->close(deadline);
      if (read && !flushed) read = flushed.error();
    }
    if (!read) return read.error();
    if (const std::size_t missing = window_->unreported(); missing > 0) {
      return unavailable(
          fmt::format("{} lines were neither confirmed nor refused in time; they may or may not be "
                      "published",
                      missing));
    }
    return totals_;
  }

 private:
  Result<void> read_all() {
    LineSplitter splitter{kPublishLineMax};
    std::vector<char> chunk(kPublishChunk);
    const auto take = [this](const InputLine& line) { take_line(line); };
    while (!halted_ && !ports_.stop()) {
      const auto count = ports_.read(chunk);
      if (!count) return count.error();
      if (*count == 0) {
        if (ports_.stop()) break;
        splitter.finish(take);
        return send();
      }
      splitter.add({chunk.data(), *count}, take);
      if (auto sent = send(); !sent) return sent;
    }
    totals_.stopped_after = splitter.lines();
    return {};
  }

  void take_line(const InputLine& line) {
    if (line.text.find_first_not_of(" \t\r") == std::string_view::npos) return;
    if (line.too_long) {
      return refuse(line.number, invalid(fmt::format("the line is longer than {} bytes", kPublishLineMax)));
    }
    const Time now = executor_->now();
    auto record =
        request_.form == LineForm::data ? reader_.from_data(line.text, now) : reader_.from_line(line.text, now);
    if (!record) return refuse(line.number, record.error());
    if (request_.missing_topic == MissingTopic::create && !note_type(record->type)) {
      return refuse(line.number,
                    invalid(fmt::format("its type '{}' would be one more than {} that --create-topic declares in one "
                                        "run; publish these lines in another",
                                        record->type, kPublishTypesMax)));
    }
    batch_bytes_ += transport::size_of(*record);
    pending_.push_back({{.line = line.number, .id = record->id}, transport::size_of(*record)});
    batch_.push_back(*std::move(record));
  }

  void refuse(std::uint64_t line, Error error) {
    window_->enter(1, 0);
    window_->decided({{.line = line, .error = std::move(error)}, 0});
  }

  Result<void> send() {
    if (batch_.empty()) return {};
    if (request_.missing_topic == MissingTopic::create) {
      if (auto declared = declare_types(); !declared) return declared;
    }
    window_->enter(batch_.size(), batch_bytes_);
    auto lines = std::make_shared<std::vector<Pending>>(std::exchange(pending_, {}));
    batch_bytes_ = 0;
    publisher_.send(std::exchange(batch_, {}),
                    [window = window_, lines](std::size_t index, const Result<void>& outcome) {
                      Pending& line = (*lines)[index];
                      if (!outcome) line.outcome.error = outcome.error();
                      window->decided(std::move(line));
                    });
    return {};
  }

  // False: there are too many. A type that is not declared would be matched by no pattern.
  bool note_type(const std::string& type) {
    if (declared_.count(type) > 0) return true;
    if (declared_.size() >= kPublishTypesMax) return false;
    declared_.insert(type);
    undeclared_.published.push_back({.type = type, .topic = request_.topic.str()});
    return true;
  }

  Result<void> declare_types() {
    if (undeclared_.published.empty()) return {};
    return transport_.declare(std::exchange(undeclared_, {}));
  }

  void report() {
    for (auto decided = window_->next(); !decided.empty(); decided = window_->next()) {
      std::size_t bytes = 0;
      for (const Pending& line : decided) {
        (line.outcome.error ? totals_.refused : totals_.confirmed) += 1;
        if (line.outcome.error && will_not_go_away(*line.outcome.error)) halted_ = true;
        ports_.on_line(line.outcome);
        bytes += line.bytes;
      }
      window_->leave(decided.size(), bytes);
    }
  }

  Transport& transport_;
  std::shared_ptr<Executor> executor_;
  const PublishRequest& request_;
  const PublishPorts& ports_;
  transport::Publisher& publisher_;
  LineReader reader_;
  std::shared_ptr<Window> window_;

  // of the reader
  std::vector<Record> batch_;
  std::vector<Pending> pending_;
  std::size_t batch_bytes_ = 0;
  std::set<std::string> declared_;  // types, or to be so before the batch is sent
  transport::Declaration undeclared_;

  std::atomic<bool> halted_{false};
  PublishTotals totals_;  // of the reporter, until it ended; `stopped_after` of the reader
};

Result<void> prepare_topic(Transport& transport, const PublishRequest& request) {
  const auto there = expect_topic(transport, request.topic);
  if (request.missing_topic == MissingTopic::refuse) {
    if (there) return {};
    return Error{there.error().kind, fmt::format("{}; `tidings topics create {}` or --create-topic makes it",
                                                 there.error().message, request.topic.str())};
  }
  const bool tells_topics = transport.operations().topology != nullptr;
  if (there && tells_topics) return {};
  const transport::TopicSpec spec{.name = request.topic.str()};
  const auto made =
      tells_topics ? transport.operations().topology->create_topic(spec, {}) : unsupported("it is declared below");
  if (made || made.error().kind != ErrorKind::unsupported) return made;
  return transport.declare({.topics = {spec}, .published = {}});
}

}  // namespace

Result<PublishTotals> publish_lines(Transport& transport, const std::shared_ptr<Executor>& executor,
                                    const PublishRequest& request, const PublishPorts& ports) {
  if (auto prepared = prepare_topic(transport, request); !prepared) return prepared.error();
  const auto publisher = transport.publisher({});
  if (!publisher) return publisher.error();
  return Publication{transport, executor, request, ports, **publisher}.run();
}

}  // namespace tidings::operate
