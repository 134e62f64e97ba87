#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "operate/display.hpp"
#include "operate/line_publishing.hpp"
#include "tools/tidings/arguments.hpp"
#include "tools/tidings/commands.hpp"
#include "tools/tidings/progress.hpp"

namespace tidings::cli {

namespace {

using operate::PublishedLine;

struct PublishArguments {
  std::string topic;
  std::string type;
  std::optional<std::string> key;
  std::optional<std::string> data;
  std::optional<std::string> file;
  bool create_topic = false;
};

// A line of --json.
struct LineRow {
  std::uint64_t line = 0;
  std::optional<std::string> id;
  std::optional<std::string> error;
  std::optional<ErrorKind> kind;
};
BOOST_DESCRIBE_STRUCT(LineRow, (), (line, id, error, kind))

using Read = std::function<Result<std::size_t>(std::span<char>)>;

Read read_text(std::string text) {
  return [text = std::move(text), at = std::size_t{0}](std::span<char> into) mutable -> Result<std::size_t> {
    const std::size_t count = text.copy(into.data(), into.size(), at);
    at += count;
    return count;
  };
}

Result<Read> read_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return invalid(fmt::format("opening '{}' failed: {}", path, std::strerror(errno)));
  const std::shared_ptr<const int> file{new int{descriptor}, [](const int* opened) {
                                          ::close(*opened);
                                          delete opened;
                                        }};
  return Read{[file, path](std::span<char> into) -> Result<std::size_t> {
    const ssize_t count = ::read(*file, into.data(), into.size());
    if (count < 0) return unavailable(fmt::format("reading '{}' failed: {}", path, std::strerror(errno)));
    return static_cast<std::size_t>(count);
  }};
}

Result<Read> input_of(const PublishArguments& arguments, Session& session) {
  if (arguments.data) {
    // One event may be written over several lines; for the reader it is one.
    return read_text(operate::one_line_json(*arguments.data));
  }
  if (*arguments.file == "-") return session.around().read_input;
  return read_file(*arguments.file);
}

Result<void> check(const PublishArguments& arguments) {
  if (arguments.data.has_value() == arguments.file.has_value()) {
    return invalid("publish needs either --data JSON or --file NDJSON (`-` for standard input)");
  }
  if (arguments.data && arguments.type.empty()) return invalid("--data needs --type: what kind of event it is");
  return {};
}

// What is said about the lines, as they come in.
class Report final {
 public:
  explicit Report(Session& session) : session_{session}, progress_{session} {}

  void line(const PublishedLine& published) {
    (published.error ? refused_ : confirmed_) += 1;
    if (session_.json()) return json(published);
    if (published.error) {
      progress_.clear();
      session_.around().err << fmt::format("line {}: {}: {}\n", published.line, to_string(published.error->kind),
                                           operate::printable(published.error->message));
    }
    progress_.show([this] { return fmt::format("{} confirmed, {} refused", confirmed_, refused_); });
  }

  void end() { progress_.clear(); }

 private:
  void json(const PublishedLine& published) {
    LineRow row{.line = published.line};
    if (!published.id.empty()) row.id = operate::foreign_name(published.id);
    if (published.error) {
      row.error = operate::foreign_name(published.error->message);
      row.kind = published.error->kind;
    }
    session_.print_json(row);
  }

  Session& session_;
  Progress progress_;
  std::uint64_t confirmed_ = 0;
  std::uint64_t refused_ = 0;
};

std::string summary(const operate::PublishTotals& totals, const std::string& topic) {
  std::string text = fmt::format("{} event{} published to {}", totals.confirmed, totals.confirmed == 1 ? "" : "s",
                                 operate::printable(topic));
  if (totals.refused > 0) text += fmt::format(", {} refused", totals.refused);
  return text;
}

int publish(const PublishArguments& arguments, Session& session) {
  if (const auto checked = check(arguments); !checked) return session.usage(checked.error());
  auto input = input_of(arguments, session);
  if (!input) return session.usage(input.error());
  int code = kDone;
  const auto transport = session.open(arguments.create_topic ? Store::created : Store::existing, code);
  if (!transport) return code;
  const operate::PublishRequest request{
      .topic = Topic{arguments.topic},
      .defaults = {.type = arguments.type, .key = key_argument(arguments.key)},
      .form = arguments.data ? operate::LineForm::data : operate::LineForm::events,
      .missing_topic = arguments.create_topic ? operate::MissingTopic::create : operate::MissingTopic::refuse};
  Report report{session};
  const auto totals =
      operate::publish_lines(*transport, session.around().executor, request,
                             {.read = *input,
                              .on_line = [&report](const PublishedLine& line) { report.line(line); },
                              .stop = [&session] { return session.around().stop() || !session.around().out.good(); }});
  report.end();
  if (!totals) return session.fail(totals.error());
  session.note(summary(*totals, arguments.topic));
  if (totals->stopped_after) {
    return session.fail(Error{ErrorKind::overloaded,
                              fmt::format("stopped: lines after line {} were not read; publish the rest, and the "
                                          "refused ones, once the cause is gone",
                                          *totals->stopped_after)});
  }
  return totals->refused > 0 ? kFailed : kDone;
}

}  // namespace

void add_publish(CLI::App& app, Command& command) {
  auto* publish_app = app.add_subcommand("publish", "Publish events, each one confirmed");
  const auto arguments = std::make_shared<PublishArguments>();
  publish_app->add_option("TOPIC", arguments->topic, "Where to")->required()->option_text(" ");
  publish_app->add_option("--type", arguments->type, "Of events that name none, as OrderCreated")->option_text("T");
  publish_app->add_option("--key", arguments->key, "Likewise: what orders them")->option_text("K");
  publish_app->add_option("--data", arguments->data, "The data of one event")->option_text("JSON");
  publish_app
      ->add_option("--file", arguments->file,
                   "One event a line: an envelope, or\n{\"type\":T,\"key\":K,\"data\":...}; `-`: standard input")
      ->option_text("NDJSON");
  publish_app->add_flag("--create-topic", arguments->create_topic,
                        "Declare the topic, and the types that come, where\nthey are missing");
  publish_app->footer(
      "Refused lines are reported by number and make exit code 1.\n"
      "--json: a line for each event, the moment it is confirmed or refused.\n"
      "\n"
      "Example: tidings publish orders --type OrderCreated --key o-1 \\\n"
      "           --data '{\"customerId\":\"c-7\"}'");
  publish_app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return publish(*arguments, session); }; });
}

}  // namespace tidings::cli
