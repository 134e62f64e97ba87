#include <fmt/format.h>

#include <memory>

#include "operate/display.hpp"
#include "operate/tail.hpp"
#include "tidings/time_text.hpp"
#include "tools/tidings/arguments.hpp"
#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

using operate::TailEvent;

struct TailArguments {
  std::string topic;
  std::optional<std::string> from;
  std::optional<std::uint64_t> limit;
  bool follow = false;
  std::string type;
  std::optional<std::string> key;
  std::string correlation;
};

constexpr std::size_t kRawShown = 400;  // columns of a body that is no event

std::string or_dash(std::string_view text) {
  return text.empty() ? "-" : operate::printable(text);
}

// `time  id  type  key  data`, and an error in place of the data where there is none.
std::string text_of(const TailEvent& event) {
  const auto key = event.entry.record.key;
  std::string text = fmt::format("{}  {}  {}  {}  ", to_text(event.entry.published), or_dash(event.envelope.id),
                                 or_dash(event.envelope.type), or_dash(key.value_or("")));
  if (!event.error) return text + operate::printable(operate::one_line_json(event.data.text));
  const std::string_view body = event.entry.record.body.value_or("");
  return text + fmt::format("! {}: {}: {}", to_string(event.error->kind), operate::printable(event.error->message),
                            operate::shortened(operate::printable(body), kRawShown));
}

Result<operate::TailRequest> request_of(const TailArguments& arguments, Time now) {
  operate::TailRequest request{.topic = Topic{arguments.topic},
                               .limit = arguments.limit,
                               .follow = arguments.follow ? operate::Follow::yes : operate::Follow::no,
                               .type = arguments.type,
                               .key = key_argument(arguments.key),
                               .correlation_id = arguments.correlation};
  const std::string from = arguments.from.value_or(arguments.follow ? "end" : "beginning");
  const auto time = time_argument("--from", from == "end" ? "now" : from, now);
  if (!time) return time.error();
  request.from = *time;
  return request;
}

int tail(const TailArguments& arguments, Session& session) {
  const auto request = request_of(arguments, session.now());
  if (!request) return session.usage(request.error());
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto done = operate::tail(
      *transport, *session.around().executor, *request,
      {.visit = [&session](
                    const TailEvent& event) { return session.line(session.json() ? json_of(event) : text_of(event)); },
       .stop = session.around().stop});
  return done ? kDone : session.fail(done.error());
}

}  // namespace

void add_tail(CLI::App& app, Command& command) {
  auto* tail_app = app.add_subcommand("tail", "Print events; never changes a group");
  const auto arguments = std::make_shared<TailArguments>();
  tail_app->add_option("TOPIC", arguments->topic, "Of which topic")->required()->option_text(" ");
  tail_app
      ->add_option("--from", arguments->from,
                   "beginning (default), end (default with --follow),\n2026-01-02T03:04:05Z, or -10m")
      ->option_text("TIME");
  tail_app->add_option("--limit", arguments->limit, "At most so many")->check(count_up_to(kCountMax))->option_text("N");
  tail_app->add_flag("--follow", arguments->follow, "Wait for more, until Ctrl-C");
  tail_app->add_option("--type", arguments->type, "Only of this type")->option_text("T");
  tail_app->add_option("--key", arguments->key, "Only of this key")->option_text("K");
  tail_app->add_option("--correlation", arguments->correlation, "Only of this correlation id")->option_text("ID");
  tail_app->footer(
      "A line is: time of publishing, id, type, key, data. What is no event is shown\n"
      "as it is, after `!` and the reason.\n"
      "--json: a line for each event, its envelope with topic, partition, position.\n"
      "\n"
      "Example: tidings tail orders --from -10m --type OrderCreated --follow");
  tail_app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return tail(*arguments, session); }; });
}

}  // namespace tidings::cli
