#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "operate/display.hpp"
#include "operate/moment.hpp"
#include "operate/topology.hpp"
#include "text/retention_text.hpp"
#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

using transport::Retention;
using transport::TopicState;
using transport::Unsettled;

// `7d, 1GB`; `endless` where nothing bounds it.
std::string kept_text(const Retention& retention) {
  std::vector<std::string> bounds;
  if (retention.age) bounds.push_back(text::retention_age_text(*retention.age));
  if (retention.bytes) bounds.push_back(text::retention_size_text(*retention.bytes));
  std::string text = bounds.empty() ? "endless" : fmt::format("{}", fmt::join(bounds, ", "));
  if (retention.unsettled == Unsettled::expire) text += ", also unsettled";
  return text;
}

int topics(Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto report = operate::topics(*transport);
  if (!report) return session.fail(report.error());
  if (session.json()) {
    session.print_json(*report);
    return kDone;
  }
  Table table{{{"TOPIC", Align::left, Fit::cuttable},
               {"KIND"},
               {"PARTITIONS", Align::right},
               {"EVENTS", Align::right},
               {"SIZE", Align::right},
               {"OLDEST", Align::right},
               {"KEPT"}}};
  for (const TopicState& topic : report->topics) {
    table.add({topic.name, topic.command ? "commands" : "events", std::to_string(topic.partitions),
               std::to_string(topic.records), operate::bytes_text(topic.bytes),
               topic.oldest ? operate::age_text(session.now() - *topic.oldest) : "-", kept_text(topic.retention)});
  }
  session.print(table);
  return kDone;
}

// As they were written.
struct SetArguments {
  std::string topic;
  std::optional<std::string> age;
  std::optional<std::string> size;
  std::optional<std::string> unsettled;
};

template <class Value, class Read>
Result<void> read(const char* name, const std::optional<std::string>& text, Read read_text, std::optional<Value>& to) {
  if (!text) return {};
  const Result<Value> value = read_text(*text);
  if (!value) return invalid(fmt::format("{}: {}", name, value.error().message));
  to = *value;
  return {};
}

Result<Retention> change_of(const SetArguments& arguments) {
  Retention change;
  if (auto done = read("--retain-age", arguments.age, text::retention_age_of, change.age); !done) return done.error();
  if (auto done = read("--retain-size", arguments.size, text::retention_size_of, change.bytes); !done)
    return done.error();
  if (auto done = read("--retain-unsettled", arguments.unsettled, text::unsettled_of, change.unsettled); !done)
    return done.error();
  if (change.empty()) return invalid("nothing to set; give --retain-age, --retain-size or --retain-unsettled");
  return change;
}

struct WasSet {
  std::string topic;
  Retention retention;
};
BOOST_DESCRIBE_STRUCT(WasSet, (), (topic, retention))

int set_topic(const SetArguments& arguments, Session& session) {
  const auto change = change_of(arguments);
  if (!change) return session.usage(change.error());
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto kept = operate::set_retention(*transport, Topic{arguments.topic}, *change);
  if (!kept) return session.fail(kept.error());
  if (session.json()) session.print_json(WasSet{operate::foreign_name(arguments.topic), *kept});
  session.note(fmt::format("topic {} keeps: {}", operate::printable(arguments.topic), kept_text(*kept)));
  return kDone;
}

void add_set(CLI::App& topics_app, Command& command) {
  auto* set_app = topics_app.add_subcommand("set", "Change what a topic keeps");
  const auto arguments = std::make_shared<SetArguments>();
  set_app->add_option("TOPIC", arguments->topic, "Of which topic")->required()->option_text(" ");
  set_app->add_option("--retain-age", arguments->age, "Settled events go when older: 12h, 7d, endless")
      ->option_text("AGE");
  set_app->add_option("--retain-size", arguments->size, "Beyond it the oldest go: 500MB, 1GB, endless")
      ->option_text("SIZE");
  set_app
      ->add_option("--retain-unsettled", arguments->unsettled,
                   "keep (default): what is unsettled stays;\n"
                   "expire: it goes, too, once its group had no member\n"
                   "for longer than AGE, and a day; `tidings lag`\n"
                   "counts it")
      ->option_text("WHAT");
  set_app->footer(
      "What is not said stays as it is. It holds for good, whatever services declare,\n"
      "and at once: there is no way back for what goes.\n"
      "\n"
      "Example: tidings topics set orders --retain-age 7d --retain-size 1GB");
  set_app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return set_topic(*arguments, session); }; });
}

}  // namespace

void add_topics(CLI::App& app, Command& command) {
  auto* topics_app = app.add_subcommand("topics", "Topics, what they hold, and how long");
  topics_app->require_subcommand(0, 1);
  topics_app->footer(
      "KEPT: how long, and how much of, what every group has settled.\n"
      "\n"
      "Example: tidings topics");
  topics_app->callback([&command] {
    if (!command) command = topics;
  });
  add_set(*topics_app, command);
}

}  // namespace tidings::cli
