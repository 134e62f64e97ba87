#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "operate/display.hpp"
#include "operate/topology.hpp"
#include "tools/tidings/arguments.hpp"
#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

constexpr std::uint64_t kPartitionsMax = 100'000;  // that may be written at all; a transport takes less

struct RepartitionArguments {
  std::string topic;
  std::int32_t partitions = 0;
};

std::string so_many(std::int32_t partitions) {
  return fmt::format("{} partition{}", partitions, partitions == 1 ? "" : "s");
}

void print(const operate::TopicRepartition& change, Session& session) {
  const std::string topic = operate::printable(change.topic);
  if (change.done) {
    const std::string before = change.from == change.to ? "" : fmt::format(", and had {}", change.from);
    return session.note(fmt::format("topic {} has {} now{}", topic, so_many(change.to), before));
  }
  Table table{
      {{"GROUP", Align::left, Fit::cuttable}, {"UNSETTLED", Align::right}, {"MEMBERS", Align::left, Fit::cuttable}}};
  bool is_settled = true;
  for (const transport::RepartitionHold& hold : change.held_by) {
    is_settled = is_settled && hold.unsettled == 0;
    table.add({hold.group, std::to_string(hold.unsettled),
               hold.instances.empty() ? "nobody" : fmt::format("{}", fmt::join(hold.instances, ", "))});
  }
  session.print(table);
  session.note(
      fmt::format("topic {} goes from {} to {}, and is not there yet: {}, stop these members, run this again, "
                  "and start them",
                  topic, change.from, so_many(change.to),
                  is_settled ? "all from before is settled" : "let each group settle what is from before"));
}

int repartition(const RepartitionArguments& arguments, Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto change = operate::repartition(*transport, Topic{arguments.topic}, arguments.partitions);
  if (!change) return session.fail(change.error());
  if (session.json()) {
    session.print_json(*change);
  } else {
    print(*change, session);
  }
  return change->done ? kDone : kFailed;
}

}  // namespace

void add_repartition(CLI::App& topics_app, Command& command) {
  auto* repartition_app = topics_app.add_subcommand("repartition", "Change how many partitions a topic has");
  const auto arguments = std::make_shared<RepartitionArguments>();
  repartition_app->add_option("TOPIC", arguments->topic, "Its name")->required()->option_text(" ");
  repartition_app->add_option("N", arguments->partitions, "How many it is to have")
      ->required()
      ->check(count_up_to(kPartitionsMax))
      ->option_text(" ");
  repartition_app->footer(
      "On RabbitMQ: of each group's subscription, other queues, where events come from\n"
      "now on; each key keeps its order, so they are read once all from before is\n"
      "settled. Where something is left the exit code is 1: let the groups settle it,\n"
      "stop their members, run this again, and start them. It may be run at any time.\n"
      "\n"
      "Example: tidings topics repartition orders 8");
  repartition_app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return repartition(*arguments, session); }; });
}

}  // namespace tidings::cli
