#include <fmt/format.h>

#include <memory>

#include "operate/display.hpp"
#include "operate/moment.hpp"
#include "operate/topology.hpp"
#include "tools/tidings/arguments.hpp"
#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

using transport::GroupState;
using transport::MemberState;

constexpr Duration kWatchEvery = std::chrono::seconds{2};
constexpr Duration kStopSeenWithin = std::chrono::milliseconds{200};
constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J";

std::string age_of(const std::optional<Time>& time, Time now) {
  return time ? operate::age_text(now - *time) : "-";
}

void add_group(Table& table, const GroupState& group) {
  const std::string reads = group.pattern.empty() ? group.topic : group.pattern;
  if (group.members.empty()) table.add({group.name, reads, "-", "-", "-", "nobody"});
  for (const MemberState& member : group.members) {
    table.add({group.name, reads, member.instance, fmt::format("{}:{}", member.host, member.pid),
               std::to_string(member.partitions), member.stopped ? "stopped" : "live"});
  }
}

int groups(Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto report = operate::groups(*transport);
  if (!report) return session.fail(report.error());
  if (session.json()) {
    session.print_json(*report);
    return kDone;
  }
  Table table{{{"GROUP", Align::left, Fit::cuttable},
               {"READS", Align::left, Fit::cuttable},
               {"MEMBER", Align::left, Fit::cuttable},
               {"PROCESS", Align::left, Fit::cuttable},
               {"PARTITIONS", Align::right},
               {"STATE"}}};
  for (const GroupState& group : report->groups) add_group(table, group);
  session.print(table);
  return kDone;
}

struct Removed {
  std::string removed;
};
BOOST_DESCRIBE_STRUCT(Removed, (), (removed))

int remove_group(const std::string& name, Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto removed = operate::remove_group(*transport, Group{name});
  if (!removed) return session.fail(removed.error());
  if (session.json()) session.print_json(Removed{operate::foreign_name(name)});
  session.note(
      fmt::format("group {} removed: its position and its dead letters are forgotten", operate::printable(name)));
  return kDone;
}

struct GroupArguments {
  std::string group;
  std::string topic;
  std::string pattern;
  std::vector<std::string> extra_topics;
};

struct Created {
  std::string created;
};
BOOST_DESCRIBE_STRUCT(Created, (), (created))

int create_group(const GroupArguments& arguments, Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto done = operate::create_group(*transport, {.group = arguments.group,
                                                       .topic = arguments.topic,
                                                       .pattern = arguments.pattern,
                                                       .extra_topics = arguments.extra_topics});
  if (!done) return session.fail(done.error());
  if (session.json()) session.print_json(Created{operate::foreign_name(arguments.group)});
  session.note(fmt::format("group {}: all that its members need is there", operate::printable(arguments.group)));
  return kDone;
}

struct LagArguments {
  bool watch = false;
  operate::Thresholds thresholds;
};

std::string text_of(const operate::LagReport& report, Session& session) {
  Table table{{{"GROUP", Align::left, Fit::cuttable},
               {"TOPIC", Align::left, Fit::cuttable},
               {"LAG", Align::right},
               {"WAITING", Align::right},
               {"DEAD", Align::right},
               {"OLDEST", Align::right}}};
  for (const operate::LagRow& row : report.lag) {
    table.add({row.group, row.topic, std::to_string(row.unsettled), std::to_string(row.waiting),
               std::to_string(row.dead), age_of(row.oldest, session.now())});
  }
  std::string text =
      table.text(session.around().out_is_terminal ? std::optional{session.around().columns} : std::nullopt);
  for (const operate::Finding& warning : report.warnings) {
    text += fmt::format("! {}\n  {}\n", operate::printable(warning.what), operate::printable(warning.remedy));
  }
  return text;
}

// False: nobody reads any more.
bool print(const operate::LagReport& report, const LagArguments& arguments, Session& session) {
  if (session.json()) {
    session.print_json(report);
  } else {
    if (arguments.watch && session.around().out_is_terminal) session.print(kClearScreen);
    session.print(text_of(report, session));
    if (arguments.watch && !session.around().out_is_terminal) session.line("");
  }
  return session.around().out.good();
}

void wait_for_next(Session& session) {
  Executor& executor = *session.around().executor;
  const Time due = executor.now() + kWatchEvery;
  while (!session.around().stop() && executor.now() < due) {
    executor.sleep_until(std::min(due, executor.now() + kStopSeenWithin));
  }
}

int lag(const LagArguments& arguments, Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  while (true) {
    const auto report = operate::lag(*transport, session.now(), arguments.thresholds);
    if (!report) return session.fail(report.error());
    if (!print(*report, arguments, session) || !arguments.watch) return kDone;
    wait_for_next(session);
    if (session.around().stop()) return kDone;
  }
}

void add_group_creation(CLI::App& groups_app, Command& command) {
  auto* create_app = groups_app.add_subcommand("create", "Make what members need and may not make");
  const auto arguments = std::make_shared<GroupArguments>();
  create_app->add_option("GROUP", arguments->group, "The group")->required()->option_text(" ");
  auto* topic = create_app->add_option("--topic", arguments->topic, "What it reads, or")->option_text("TOPIC");
  auto* pattern = create_app->add_option("--pattern", arguments->pattern, "Types of events that it reads")
                      ->option_text("PATTERN")
                      ->excludes(topic);
  create_app
      ->add_option("--extra-topic", arguments->extra_topics,
                   "With a pattern: a further topic, of foreign\nproducers; may be said again")
      ->allow_extra_args(false)
      ->option_text("TOPIC")
      ->needs(pattern);
  create_app->footer(
      "On RabbitMQ: its queues, with those of retries and dead letters, for members\n"
      "whose URL says declare=no. Other transports need none of it. A broadcast has\n"
      "queues for each instance: it is not for declare=no.\n"
      "\n"
      "Example: tidings groups create payment-service --topic orders");
  create_app->callback([arguments, &command] {
    if (arguments->topic.empty() && arguments->pattern.empty()) throw CLI::RequiredError("--topic or --pattern");
    command = [arguments](Session& session) { return create_group(*arguments, session); };
  });
}

void add_groups(CLI::App& app, Command& command) {
  auto* groups_app = app.add_subcommand("groups", "Groups, what they read, and who serves them");
  groups_app->require_subcommand(0, 1);
  groups_app->footer("Example: tidings groups remove analytics-service");
  groups_app->callback([&command] {
    if (!command) command = groups;
  });
  add_group_creation(*groups_app, command);
  auto* remove_app = groups_app->add_subcommand("remove", "Forget a group, its position and its dead letters");
  const auto name = std::make_shared<std::string>();
  remove_app->add_option("GROUP", *name, "A group without live members")->required()->option_text(" ");
  remove_app->footer(
      "What only this group had not handled is no longer kept. There is no way back.\n"
      "\n"
      "Example: tidings groups remove analytics-service");
  remove_app->callback(
      [name, &command] { command = [name](Session& session) { return remove_group(*name, session); }; });
}

void add_lag(CLI::App& app, Command& command) {
  auto* lag_app = app.add_subcommand("lag", "How far each group is, and what it waits for");
  const auto arguments = std::make_shared<LagArguments>();
  lag_app->add_flag("--watch", arguments->watch, "Again every 2 seconds, until Ctrl-C");
  lag_app
      ->add_option("--queue-warn", arguments->thresholds.queue_warn,
                   fmt::format("Warn beyond so many events; default {}", arguments->thresholds.queue_warn))
      ->check(count_up_to(kCountMax))
      ->option_text("N");
  lag_app
      ->add_option("--dead-letters-warn", arguments->thresholds.dead_letters_warn,
                   fmt::format("Warn beyond so many dead letters; default {}", arguments->thresholds.dead_letters_warn))
      ->check(count_up_to(kCountMax))
      ->option_text("N");
  lag_app->footer(
      "LAG counts events that the group has not settled, WAITING those of them that\n"
      "wait for their next attempt; OLDEST is the age of the oldest.\n"
      "--json: one document; with --watch one a line.\n"
      "\n"
      "Example: tidings lag --watch");
  lag_app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return lag(*arguments, session); }; });
}

}  // namespace

void add_topology(CLI::App& app, Command& command) {
  add_groups(app, command);
  add_lag(app, command);
}

}  // namespace tidings::cli
