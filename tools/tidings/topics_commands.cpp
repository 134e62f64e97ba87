#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "operate/display.hpp"
#include "operate/moment.hpp"
#include "operate/topology.hpp"
#include "text/retention_text.hpp"
#include "tools/tidings/arguments.hpp"
#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

// What may be written at all; a transport takes less.
constexpr std::uint64_t kPartitionsMax = 100'000;
constexpr std::uint64_t kReplicationMax = 100;

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

// As they were written.
struct CreateArguments {
  std::string topic;
  std::optional<std::int32_t> partitions;
  std::optional<std::int32_t> replication;
  std::optional<std::string> age;
  std::optional<std::string> size;
  bool command = false;
  std::vector<std::string> types;
};

Result<transport::TopicSpec> spec_of(const CreateArguments& arguments) {
  transport::TopicSpec spec{
      .name = arguments.topic, .command = arguments.command, .partitions = arguments.partitions, .retention = {}};
  Retention& kept = spec.retention;
  if (auto done = read("--retain-age", arguments.age, text::retention_age_of, kept.age); !done) return done.error();
  if (auto done = read("--retain-size", arguments.size, text::retention_size_of, kept.bytes); !done)
    return done.error();
  return spec;
}

int create_topic(const CreateArguments& arguments, Session& session) {
  const auto spec = spec_of(arguments);
  if (!spec) return session.usage(spec.error());
  int code = kDone;
  const auto transport = session.open(Store::created, code);
  if (!transport) return code;
  const auto done = operate::create_topic(*transport, *spec, arguments.replication, arguments.types);
  if (!done) return session.fail(done.error());
  if (session.json()) session.print_json(*done);
  session.note(fmt::format("topic {} {}: {} partition{}, keeps {}", operate::printable(arguments.topic),
                           done->created ? "created" : "is there, and set like that", done->topic.partitions,
                           done->topic.partitions == 1 ? "" : "s", kept_text(done->topic.retention)));
  return kDone;
}

void add_create(CLI::App& topics_app, Command& command) {
  auto* create_app = topics_app.add_subcommand("create", "Make a topic");
  const auto arguments = std::make_shared<CreateArguments>();
  create_app->add_option("TOPIC", arguments->topic, "Its name")->required()->option_text(" ");
  create_app->add_option("--partitions", arguments->partitions, "How many; default by the transport's URL")
      ->check(count_up_to(kPartitionsMax))
      ->option_text("N");
  create_app
      ->add_option("--replication", arguments->replication,
                   "On how many brokers each partition lies; default\nby the URL, else the brokers' own (Kafka)")
      ->check(count_up_to(kReplicationMax))
      ->option_text("N");
  create_app->add_option("--retain-age", arguments->age, "How long events are kept: 12h, 7d, endless")
      ->option_text("AGE");
  create_app->add_option("--retain-size", arguments->size, "Beyond it the oldest go: 500MB, 1GB, endless")
      ->option_text("SIZE");
  create_app->add_flag("--command", arguments->command, "Of commands, which one group handles");
  create_app
      ->add_option("--type", arguments->types,
                   "A type of events that is published there; may be\nsaid again. A publisher whose URL says\n"
                   "declare=no needs it (RabbitMQ)")
      ->allow_extra_args(false)
      ->option_text("TYPE");
  create_app->footer(
      "What is not said is as the transport has it. A topic that is there already is\n"
      "left alone; where it is set otherwise, that is an error. Services declare their\n"
      "topics: `local:` makes them then, Kafka where its URL says create_topics=yes.\n"
      "\n"
      "Example: tidings topics create orders --partitions 64 --replication 3 \\\n"
      "           --retain-age 30d");
  create_app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return create_topic(*arguments, session); }; });
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
  add_create(*topics_app, command);
  add_set(*topics_app, command);
  add_repartition(*topics_app, command);
}

}  // namespace tidings::cli
