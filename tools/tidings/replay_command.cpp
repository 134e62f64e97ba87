#include <fmt/format.h>

#include <memory>

#include "operate/display.hpp"
#include "operate/replay.hpp"
#include "tidings/time_text.hpp"
#include "tools/tidings/arguments.hpp"
#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

using operate::ReplayPlan;

struct ReplayArguments {
  std::string group;
  std::string topic;
  std::string from;
  std::string to;
  std::optional<std::string> key;
  bool again = false;
  bool dry_run = false;
};

struct ReplayRow {
  ReplayPlan plan;
  bool dry_run = false;
  std::uint64_t replayed = 0;
  std::optional<std::string> replay_id;
};
BOOST_DESCRIBE_STRUCT(ReplayRow, (), (plan, dry_run, replayed, replay_id))

std::string text_of(const ReplayPlan& plan) {
  std::string text =
      fmt::format("{} event{} of {} from {} to {}", plan.events, plan.events == 1 ? "" : "s",
                  operate::printable(plan.topic), plan.from ? to_text(*plan.from) : "the beginning", to_text(plan.to));
  if (plan.key) text += fmt::format(", key {}", operate::printable(*plan.key));
  text += fmt::format(", for {}\n", operate::printable(plan.group));
  for (const std::string& note : plan.notes) text += fmt::format("note: {}\n", note);
  return text;
}

Result<operate::ReplayRequest> request_of(const ReplayArguments& arguments, Time now) {
  const auto from = time_argument("--from", arguments.from, now);
  if (!from) return from.error();
  const auto to = time_argument("--to", arguments.to, now);
  if (!to) return to.error();
  return operate::ReplayRequest{.group = Group{arguments.group},
                                .topic = Topic{arguments.topic},
                                .from = *from,
                                .to = *to,
                                .key = key_argument(arguments.key),
                                .again = arguments.again ? operate::Again::yes : operate::Again::no};
}

int replay(const ReplayArguments& arguments, Session& session) {
  const auto request = request_of(arguments, session.now());
  if (!request) return session.usage(request.error());
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto plan = operate::plan_replay(*transport, *session.around().executor, *request);
  if (!plan) return session.fail(plan.error());
  if (!session.json()) session.print(text_of(*plan));
  ReplayRow row{.plan = *plan, .dry_run = arguments.dry_run};
  if (!arguments.dry_run) {
    const auto done = operate::replay(*transport, session.around().executor, *plan);
    if (!done) return session.fail(done.error());
    row.replayed = done->replayed;
    if (!done->replay_id.empty()) row.replay_id = done->replay_id;
  }
  if (session.json()) session.print_json(row);
  session.note(arguments.dry_run
                   ? "nothing was changed"
                   : fmt::format("{} handed to {} again{}", row.replayed, operate::printable(arguments.group),
                                 row.replay_id ? ", replay id " + *row.replay_id : ""));
  return kDone;
}

}  // namespace

void add_replay(CLI::App& app, Command& command) {
  auto* replay_app = app.add_subcommand("replay", "Hand a past range to one group again");
  const auto arguments = std::make_shared<ReplayArguments>();
  replay_app->add_option("--group", arguments->group, "To whom")->required()->option_text("G");
  replay_app->add_option("--topic", arguments->topic, "Of which topic")->required()->option_text("T");
  replay_app->add_option("--from", arguments->from, "Published at or after: 2026-01-02T03:04:05Z,\n-10m, or beginning")
      ->required()
      ->option_text("TIME");
  replay_app->add_option("--to", arguments->to, "Published before; default now")->option_text("TIME");
  replay_app->add_option("--key", arguments->key, "Only of this key")->option_text("K");
  replay_app->add_flag("--again", arguments->again,
                       "Run handlers anew, though the inbox knows the\nevent; once a replay");
  replay_app->add_flag("--dry-run", arguments->dry_run, "Only count; change nothing");
  replay_app->footer(
      "Other groups notice nothing. Without --again a group with an inbox handles only\n"
      "what it missed.\n"
      "\n"
      "Example: tidings replay --group payment-service --topic orders --from -2h \\\n"
      "           --dry-run");
  replay_app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return replay(*arguments, session); }; });
}

}  // namespace tidings::cli
