#include "transport/local/store/local_publisher.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/countdown.hpp"
#include "base/flaw.hpp"
#include "transport/local/storage/limits.hpp"

namespace tidings::local {

using transport::Publisher;
using transport::PublisherOptions;
using transport::Record;

namespace {

// Who waits for an answer, for which records.
struct Question {
  std::vector<std::size_t> indexes;  // in the caller's batch
  std::size_t counted_bytes = 0;
  Publisher::Confirmed confirmed;
};

// What was sent and is not confirmed. Outlives the publisher: the writer completes it.
class Outbound final {
 public:
  explicit Outbound(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}

  // overloaded: one of the limits is reached.
  Result<void> enter(std::size_t bytes, const PublisherOptions& options) {
    const std::lock_guard lock{mutex_};
    const bool full = records_ == options.buffer_records_max || bytes_ + bytes > options.buffer_bytes_max;
    if (full && !flawed(Flaw::local_buffer_endless)) {
      return overloaded(
          fmt::format("the publisher's buffer is full ({} records, {} bytes wait); wait for "
                      "confirmations, or raise buffer_records_max or buffer_bytes_max",
                      records_, bytes_));
    }
    ++records_;
    bytes_ += bytes;
    return {};
  }

  // Has entered, and will not be sent.
  void turn_back(std::size_t bytes) {
    const std::lock_guard lock{mutex_};
    --records_;
    bytes_ -= bytes;
  }

  // For what has entered and goes to the writer together.
  std::uint64_t ticket(Question question) {
    const std::lock_guard lock{mutex_};
    waiting_.emplace(++tickets_, std::move(question));
    return tickets_;
  }

  // Once: who comes later finds it answered. The first `taken` records are answered with `outcome`, the others with
  // `refused`.
  void answer(std::uint64_t ticket, const Result<void>& outcome, std::size_t taken = SIZE_MAX,
              const Result<void>& refused = {}) {
    auto question = take(ticket);
    if (!question) return;
    for (std::size_t i = 0; i < question->indexes.size(); ++i) {
      question->confirmed(question->indexes[i], i < taken ? outcome : refused);
    }
    question->confirmed = nullptr;  // whatever it holds: gone before anybody hears that it was answered
    const std::lock_guard lock{mutex_};
    records_ -= question->indexes.size();
    bytes_ -= question->counted_bytes;
    waiting_.erase(ticket);
    changed_->notify_all();
  }

  bool wait(Time deadline) {
    std::unique_lock lock{mutex_};
    const std::uint64_t last = tickets_;
    return wait_until(*changed_, lock, {executor_, deadline},
                      [&] { return waiting_.empty() || waiting_.begin()->first > last; });
  }

  // Nobody is called after it: what the writer completes later was answered here.
  void close(Time deadline) {
    if (wait(deadline)) return;
    const Error late = unavailable("the publisher was closed before this was confirmed; it may or may not be there");
    for (const std::uint64_t ticket : tickets()) answer(ticket, late);
    wait(executor_.now() + transport::kCloseWithin);  // for those that are being answered
  }

 private:
  std::optional<Question> take(std::uint64_t ticket) {
    const std::lock_guard lock{mutex_};
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return std::nullopt;
    return std::exchange(found->second, std::nullopt);
  }

  std::vector<std::uint64_t> tickets() {
    std::vector<std::uint64_t> tickets;
    const std::lock_guard lock{mutex_};
    for (const auto& [ticket, question] : waiting_) tickets.push_back(ticket);
    return tickets;
  }

  Executor& executor_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t tickets_ = 0;
  std::map<std::uint64_t, std::optional<Question>> waiting_;  // by ticket; none: it is being answered
};

struct Sending {
  std::shared_ptr<Outbound> outbound;
  std::uint64_t ticket = 0;
  EncodedBatch batch;
  Time deadline{};
};

class PublishOp final : public CommitOp {
 public:
  explicit PublishOp(Sending sending) : sending_{std::move(sending)} {}

  void apply(Commit& commit) override {
    const EncodedBatch& batch = sending_.batch;
    room_ = commit.room_for(Room::publish, batch.bytes());
    const bool all = bool{room_};
    // What fits is taken. Behind one that does not fit nothing is: records of a key stay in their order.
    for (taken_ = 0; taken_ < batch.size(); ++taken_) {
      if (!all) room_ = commit.room_for(Room::publish, batch.at(taken_).size());
      if (!room_) return;
      commit.append(batch.at(taken_));
    }
  }

  void finish(const Result<void>& outcome) override {
    sending_.outbound->answer(sending_.ticket, outcome, outcome ? taken_ : SIZE_MAX, room_);
  }

  std::size_t bytes() const override { return sending_.batch.bytes(); }
  bool calls_out() const override { return true; }
  Time deadline() const override { return sending_.deadline; }

 private:
  Sending sending_;
  std::size_t taken_ = 0;  // of the batch's records, from the first on
  Result<void> room_;      // why not more
};

class LocalPublisher final : public Publisher {
 public:
  LocalPublisher(std::shared_ptr<Store> store, const PublisherOptions& options)
      : store_{std::move(store)}, options_{options}, outbound_{std::make_shared<Outbound>(store_->executor())} {}
  ~LocalPublisher() override { outbound_->close(store_->now() + transport::kCloseWithin); }

  void send(std::vector<Record> batch, Confirmed confirmed) override {
    Sending sending{.outbound = outbound_, .deadline = store_->now() + options_.deliver_within};
    Question question;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (auto added = add(batch[i], sending.batch, question); !added) {
        confirmed(i, added);
      } else {
        question.indexes.push_back(i);
      }
    }
    if (question.indexes.empty()) return;
    question.confirmed = std::move(confirmed);
    sending.ticket = outbound_->ticket(std::move(question));
    store_->committer().submit(std::make_shared<PublishOp>(std::move(sending)));
  }

  Result<void> flush(Time deadline) override {
    if (outbound_->wait(deadline)) return {};
    return unavailable("not all that was sent is confirmed by the deadline; it may be later");
  }

  void close(Time deadline) override { outbound_->close(deadline); }

 private:
  Result<void> add(const Record& record, EncodedBatch& batch, Question& question) {
    const std::size_t bytes = transport::size_of(record);
    if (auto entered = outbound_->enter(bytes, options_); !entered) return entered;
    if (auto added = add_record(*store_, record, batch); !added) {
      outbound_->turn_back(bytes);
      return added;
    }
    question.counted_bytes += bytes;
    return {};
  }

  const std::shared_ptr<Store> store_;
  const PublisherOptions options_;
  const std::shared_ptr<Outbound> outbound_;
};

}  // namespace

Result<void> add_record(Store& store, const Record& record, EncodedBatch& batch) {
  if (const std::size_t bytes = transport::size_of(record); bytes > kRecordBytesMax) {
    return invalid(
        fmt::format("a record of {} bytes for topic '{}' is too large: the most is {}; publish a reference "
                    "to the data",
                    bytes, record.topic, kRecordBytesMax));
  }
  auto catalog = store.catalog();
  const TopicRow* topic = catalog->find(record.topic);
  if (topic == nullptr) {
    catalog = store.fresh_catalog();
    topic = catalog->find(record.topic);
  }
  if (topic == nullptr) {
    return invalid(fmt::format("topic '{}' is not declared; declare it before publishing to it", record.topic));
  }
  const std::uint32_t partition = record.key
                                      ? partition_of(*record.key, topic->partitions)
                                      : static_cast<std::uint32_t>(store.executor().random() % topic->partitions);
  batch.add(record, topic->id, partition);
  return {};
}

std::unique_ptr<Publisher> make_publisher(std::shared_ptr<Store> store, const PublisherOptions& options) {
  return std::make_unique<LocalPublisher>(std::move(store), options);
}

}  // namespace tidings::local
