// The exact output of every command, in files under tests/golden/cli. TIDINGS_GOLDEN_UPDATE=1 writes them anew.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "operate/display.hpp"
#include "tests/cli/run_in_test.hpp"

namespace tidings::cli {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = tidings::testing::SimulatedExecutor::kStart;

transport::DeadLetter dead_letter(std::string id, std::string reason, std::string error, std::string body) {
  return {.id = std::move(id),
          .group = "payment-service",
          .subscription = "orders",
          .reason = std::move(reason),
          .error = std::move(error),
          .attempts = 4,
          .crashes = 0,
          .replays = 1,
          .first_failed = kNow - 10min,
          .buried = kNow - 9min - 30s,
          .host = "shop-1",
          .pid = 4711,
          .position = {17, 4242},
          .record = {.topic = "orders",
                     .key = "cdnow-42",
                     .id = "0193f0a2-0000-7000-8000-00000000002a",
                     .type = "OrderCreated",
                     .correlation_id = "0193f0a2-0000-7000-8000-000000000001",
                     .content_type = "application/json",
                     .time = kNow - 11min,
                     .headers = {{"traceparent", "00-4bf92f-00f067-01"}, {"empty", std::nullopt}},
                     .body = std::move(body)}};
}

void add_records(operate::Canned& canned) {
  const std::string body =
      R"({"eventId":"0193f0a2-0000-7000-8000-00000000002a","eventType":"OrderCreated",)"
      R"("timestamp":"2024-12-31T23:49:00Z","aggregateId":"cdnow-42","correlationId":"c-1",)"
      R"("data":{"customerId":"7","items":[{"productId":"CD","quantity":2}],"totalAmount":29.33}})";
  transport::Record good{.topic = "orders", .key = "cdnow-42", .content_type = "application/json", .body = body};
  transport::Record bad{
      .topic = "orders", .key = "cdnow-43", .id = "e-2", .type = "OrderCreated", .body = "{\"data\"\x1b[2J"};
  transport::Record bytes{.topic = "orders", .key = "\xff", .body = "\x01\xfe"};
  canned.records = {
      {good, {17, 4242}, kNow - 11min}, {bad, {18, 4243}, kNow - 10min}, {bytes, {19, 4244}, kNow - 9min}};
}

std::shared_ptr<operate::Canned> shop() {
  auto canned = std::make_shared<operate::Canned>();
  canned->topics = {{.name = "orders",
                     .partitions = 64,
                     .records = 69659,
                     .bytes = 34'000'000,
                     .oldest = kNow - 50h,
                     .retention = {.age = 168h, .bytes = 1ull << 30, .unsettled = transport::Unsettled::expire}},
                    {.name = "email",
                     .command = true,
                     .partitions = 64,
                     .records = 12,
                     .bytes = 4'000,
                     .oldest = kNow - 3s,
                     .retention = {.age = 12h, .unsettled = transport::Unsettled::keep}},
                    {.name = "empty", .partitions = 64}};
  canned->groups = {
      {.name = "payment-service",
       .topic = "orders",
       .topics = {"orders"},
       .members = {{.instance = "payment-1", .host = "shop-1", .pid = 4711, .partitions = 32},
                   {.instance = "payment-2", .host = "shop-1", .pid = 4712, .partitions = 32, .stopped = true}}},
      {.name = "audit-service", .pattern = "#", .topics = {"orders", "empty"}}};
  canned->lag = {{.group = "payment-service",
                  .topic = "orders",
                  .unsettled = 1200,
                  .waiting = 7,
                  .dead = 3,
                  .oldest = kNow - 3min - 12s},
                 {.group = "audit-service", .topic = "orders", .unsettled = 5, .oldest = kNow - 50h},
                 {.group = "audit-service", .topic = "empty", .expired = 42},
                 {.group = "stock-service", .topic = "orders", .unkeyed = 17}};
  canned->repartition = {
      .from = 4,
      .held_by = {{.group = "payment-service", .unsettled = 120, .instances = {"payment-1", "payment-2"}},
                  {.group = "audit-service", .unsettled = 5}}};
  canned->makes_backups = true;
  canned->store = transport::StoreState{.bytes_used = 9ull << 30, .bytes_max = 10ull << 30};
  canned->dead = {
      dead_letter("00000001", "failed", "unavailable: the bank did not answer within 2 seconds, for the fourth time",
                  R"({"eventId":"x","data":{"items":[{"productId":"CD"}],"note":"a\u001b[31mb"}})"),
      dead_letter("00000002", "undecodable", "corrupt: not \x1b[31mJSON", "{\"data\"\x1b[2J\n}"),
      dead_letter("00000003", "undecodable", "corrupt: not UTF-8", std::string("\x00\xff binary, 20 bytes\x07", 20))};
  add_records(*canned);
  return canned;
}

// Of these cases, those where the change comes to its end.
std::shared_ptr<operate::Canned> shop_of(std::string_view name) {
  auto canned = shop();
  if (name == "topics_repartition_done") canned->repartition = {.from = 4, .done = true};
  if (name == "topics_repartition_settled") canned->repartition->held_by = {{.group = "g", .instances = {"one"}}};
  if (name == "topics_repartition_elsewhere") canned->repartition.reset();
  return canned;
}

struct GoldenCase {
  const char* name;
  std::vector<std::string> arguments;
  RunSpec::Output output = RunSpec::Output::pipe;
  std::string input = {};
  std::optional<Duration> stop_after = {};
};

void PrintTo(const GoldenCase& golden, std::ostream* to) {
  *to << golden.name;
}

std::string transcript(const GoldenCase& golden) {
  std::vector<std::string> arguments{"--transport", "canned:shop"};
  arguments.insert(arguments.end(), golden.arguments.begin(), golden.arguments.end());
  const RunResult result = run_in_test({.arguments = arguments,
                                        .input = golden.input,
                                        .environment = {},
                                        .output = golden.output,
                                        .stop_after = golden.stop_after},
                                       shop_of(golden.name));
  std::string text = "$ tidings";
  for (const std::string& argument : golden.arguments) text += " " + operate::shell_quoted(argument);
  text += "\n" + result.out;
  if (!result.err.empty()) text += "[standard error]\n" + result.err;
  return text + "[exit " + std::to_string(result.code) + "]\n";
}

std::string name_of(const ::testing::TestParamInfo<GoldenCase>& golden) {
  return golden.param.name;
}

class Golden : public ::testing::TestWithParam<GoldenCase> {};

// A37
TEST_P(Golden, IsWrittenAsEver) {
  const std::string path = std::string{TIDINGS_GOLDEN_DIR} + "/cli/" + GetParam().name + ".txt";
  const std::string found = transcript(GetParam());
  if (std::getenv("TIDINGS_GOLDEN_UPDATE") != nullptr) std::ofstream{path} << found;
  std::ifstream file{path};
  const std::string expected{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_EQ(found, expected) << "of " << path;
}

// Help fits a terminal, and every command's help ends with an example.
TEST(Help, FitsEightyColumnsAndShowsAnExample) {
  const std::vector<std::vector<std::string>> commands{{},
                                                       {"publish"},
                                                       {"tail"},
                                                       {"topics"},
                                                       {"topics", "create"},
                                                       {"topics", "set"},
                                                       {"topics", "repartition"},
                                                       {"groups"},
                                                       {"groups", "create"},
                                                       {"groups", "create", "g"},
                                                       {"groups", "create", "g", "--topic", "t", "--pattern", "p"},
                                                       {"groups", "remove"},
                                                       {"lag"},
                                                       {"dead"},
                                                       {"dead", "list"},
                                                       {"dead", "show"},
                                                       {"dead", "replay"},
                                                       {"dead", "discard"},
                                                       {"replay"},
                                                       {"doctor"},
                                                       {"backup"},
                                                       {"init"},
                                                       {"completion"},
                                                       {"dev", "kafka", "up"},
                                                       {"dev", "kafka", "down"},
                                                       {"dev", "rabbitmq", "up"},
                                                       {"dev", "rabbitmq", "down"}};
  for (auto command : commands) {
    command.push_back("--help");
    std::istringstream help{run_in_test({.arguments = command}, shop()).out};
    bool has_example = false;
    for (std::string line; std::getline(help, line);) {
      EXPECT_LE(operate::width_of(line), 80u) << line;
      has_example = has_example || line.starts_with("Example: tidings ");
    }
    EXPECT_TRUE(has_example) << command[0];
  }
}

constexpr auto kTerminal = RunSpec::Output::terminal;

INSTANTIATE_TEST_SUITE_P(
    Help, Golden,
    ::testing::Values(
        GoldenCase{"help", {"--help"}}, GoldenCase{"help_publish", {"publish", "--help"}},
        GoldenCase{"help_tail", {"tail", "--help"}}, GoldenCase{"help_topics", {"topics", "--help"}},
        GoldenCase{"help_topics_create", {"topics", "create", "--help"}},
        GoldenCase{"help_topics_repartition", {"topics", "repartition", "--help"}},
        GoldenCase{"help_topics_set", {"topics", "set", "--help"}}, GoldenCase{"help_groups", {"groups", "--help"}},
        GoldenCase{"help_groups_create", {"groups", "create", "--help"}},
        GoldenCase{"help_groups_remove", {"groups", "remove", "--help"}}, GoldenCase{"help_lag", {"lag", "--help"}},
        GoldenCase{"help_dead", {"dead", "--help"}}, GoldenCase{"help_dead_list", {"dead", "list", "--help"}},
        GoldenCase{"help_dead_show", {"dead", "show", "--help"}},
        GoldenCase{"help_dead_replay", {"dead", "replay", "--help"}},
        GoldenCase{"help_dead_discard", {"dead", "discard", "--help"}}, GoldenCase{"help_replay", {"replay", "--help"}},
        GoldenCase{"help_doctor", {"doctor", "--help"}}, GoldenCase{"help_backup", {"backup", "--help"}},
        GoldenCase{"help_bench", {"bench", "--help"}}, GoldenCase{"help_init", {"init", "--help"}},
        GoldenCase{"help_completion", {"completion", "--help"}},
        GoldenCase{"help_dev_kafka", {"dev", "kafka", "--help"}},
        GoldenCase{"help_dev_kafka_up", {"dev", "kafka", "up", "--help"}},
        GoldenCase{"help_dev_kafka_down", {"dev", "kafka", "down", "--help"}},
        GoldenCase{"help_dev_rabbitmq", {"dev", "rabbitmq", "--help"}},
        GoldenCase{"help_dev_rabbitmq_up", {"dev", "rabbitmq", "up", "--help"}},
        GoldenCase{"help_dev_rabbitmq_down", {"dev", "rabbitmq", "down", "--help"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Looking, Golden,
    ::testing::Values(
        GoldenCase{"topics", {"topics"}}, GoldenCase{"topics_json", {"--json", "topics"}},
        GoldenCase{"topics_set", {"topics", "set", "email", "--retain-age", "7d", "--retain-size", "500MB"}},
        GoldenCase{"topics_set_json", {"--json", "topics", "set", "orders", "--retain-size", "endless"}},
        GoldenCase{"topics_create",
                   {"topics", "create", "payments", "--partitions", "12", "--replication", "3", "--retain-age", "30d"}},
        GoldenCase{"topics_create_json", {"--json", "topics", "create", "emails", "--command"}},
        GoldenCase{"topics_create_types",
                   {"topics", "create", "payments", "--type", "PaymentMade", "--type", "PaymentFailed"}},
        GoldenCase{"topics_create_there", {"topics", "create", "orders", "--partitions", "64"}},
        GoldenCase{"topics_create_other", {"topics", "create", "orders", "--partitions", "12"}},
        GoldenCase{"topics_create_wrong", {"topics", "create", "orders", "--partitions", "none"}},
        GoldenCase{"topics_repartition", {"topics", "repartition", "orders", "8"}},
        GoldenCase{"topics_repartition_settled", {"topics", "repartition", "orders", "8"}},
        GoldenCase{"topics_repartition_done", {"topics", "repartition", "orders", "1"}},
        GoldenCase{"topics_repartition_elsewhere", {"topics", "repartition", "orders", "8"}},
        GoldenCase{"topics_repartition_json", {"--json", "topics", "repartition", "orders", "8"}},
        GoldenCase{"topics_repartition_none", {"topics", "repartition", "orders", "0"}},
        GoldenCase{"topics_repartition_unknown", {"topics", "repartition", "order", "8"}},
        GoldenCase{"topics_set_nothing", {"topics", "set", "orders"}},
        GoldenCase{"topics_set_wrong", {"topics", "set", "orders", "--retain-size", "much"}},
        GoldenCase{"topics_set_unknown", {"topics", "set", "order", "--retain-unsettled", "expire"}},
        GoldenCase{"groups", {"groups"}}, GoldenCase{"groups_json", {"--json", "groups"}},
        GoldenCase{"groups_create", {"groups", "create", "payment-service", "--pattern", "order.*"}},
        GoldenCase{"groups_create_json", {"--json", "groups", "create", "payment-service", "--pattern", "order.*"}},
        GoldenCase{"groups_create_extra",
                   {"groups", "create", "payment-service", "--topic", "orders", "--extra-topic", "foreign"}},
        GoldenCase{"groups_create_unknown", {"groups", "create", "payment-service", "--topic", "no-such"}},
        GoldenCase{"groups_remove", {"groups", "remove", "audit-service"}},
        GoldenCase{"groups_remove_json", {"--json", "groups", "remove", "audit-service"}},
        GoldenCase{"groups_remove_unknown", {"groups", "remove", "no-such"}}, GoldenCase{"lag", {"lag"}},
        GoldenCase{"lag_json", {"--json", "lag"}}, GoldenCase{"tail", {"tail", "orders"}},
        GoldenCase{"tail_json", {"--json", "tail", "orders"}},
        GoldenCase{"lag_watch", {"lag", "--watch"}, RunSpec::Output::pipe, "", 3s},
        GoldenCase{"lag_watch_json", {"--json", "lag", "--watch"}, RunSpec::Output::pipe, "", 3s},
        GoldenCase{"lag_watch_terminal", {"lag", "--watch"}, kTerminal, "", 3s},
        GoldenCase{"tail_type_key", {"tail", "orders", "--type", "order.created", "--key", "cdnow-43"}},
        GoldenCase{"tail_correlation_json", {"--json", "tail", "orders", "--correlation", "c-1"}},
        GoldenCase{"tail_from_limit", {"tail", "orders", "--from", "-10m", "--limit", "1"}},
        GoldenCase{"tail_nothing", {"tail", "orders", "--type", "OrderPaid"}},
        GoldenCase{"tail_unknown", {"tail", "order"}}, GoldenCase{"doctor", {"doctor"}},
        GoldenCase{"doctor_terminal", {"doctor"}, kTerminal}, GoldenCase{"doctor_json", {"--json", "doctor"}},
        GoldenCase{"doctor_database", {"doctor", "--database", "no/such.db"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Dead, Golden,
    ::testing::Values(GoldenCase{"dead_list", {"dead", "list"}},
                      GoldenCase{"dead_list_terminal", {"dead", "list"}, kTerminal},
                      GoldenCase{"dead_list_json", {"--json", "dead", "list", "--limit", "1"}},
                      GoldenCase{"dead_list_page", {"dead", "list", "--limit", "2"}},
                      GoldenCase{"dead_show", {"dead", "show", "00000001"}},
                      GoldenCase{"dead_show_text", {"dead", "show", "00000002"}},
                      GoldenCase{"dead_show_bytes", {"dead", "show", "00000003"}},
                      GoldenCase{"dead_show_json", {"--json", "dead", "show", "00000001"}},
                      GoldenCase{"dead_show_bytes_json", {"--json", "dead", "show", "00000003"}},
                      GoldenCase{"dead_replay", {"dead", "replay", "--reason", "undecodable"}},
                      GoldenCase{"dead_replay_json", {"--json", "dead", "replay", "00000001", "nope"}},
                      GoldenCase{"dead_replay_dry_run", {"dead", "replay", "--all", "--dry-run"}},
                      GoldenCase{"dead_replay_nothing", {"dead", "replay"}},
                      GoldenCase{"dead_discard", {"dead", "discard", "00000001"}},
                      GoldenCase{"dead_discard_json", {"--json", "dead", "discard", "00000001", "nope"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Doing, Golden,
    ::testing::Values(
        GoldenCase{"publish", {"publish", "orders", "--type", "OrderCreated", "--key", "o-1", "--data", "{\"a\":1}"}},
        GoldenCase{"publish_refused",
                   {"publish", "orders", "--file", "-"},
                   RunSpec::Output::pipe,
                   "{\"type\":\"T\",\"data\":1}\n{\"data\":\n{\"data\":1}\n"},
        GoldenCase{"publish_json",
                   {"--json", "publish", "orders", "--file", "-"},
                   RunSpec::Output::pipe,
                   "{\"eventId\":\"e-1\",\"eventType\":\"T\",\"data\":1}\n{\"data\":1}\n"},
        GoldenCase{"backup", {"backup", "backups/shop 1"}}, GoldenCase{"backup_json", {"--json", "backup", "monday"}},
        GoldenCase{"backup_stopped", {"backup", "monday"}, RunSpec::Output::pipe, "", 0s},
        GoldenCase{"init_no_name", {"init", "Order Service"}}, GoldenCase{"completion_unknown", {"completion", "tcsh"}},
        GoldenCase{"publish_unknown", {"publish", "order", "--type", "T", "--data", "1"}},
        GoldenCase{"replay_dry_run",
                   {"replay", "--group", "payment-service", "--topic", "orders", "--from", "-1h", "--dry-run"}},
        GoldenCase{"replay", {"replay", "--group", "payment-service", "--topic", "orders", "--from", "beginning"}},
        GoldenCase{"replay_json",
                   {"--json", "replay", "--group", "payment-service", "--topic", "orders", "--from", "-10m"}}),
    name_of);

}  // namespace
}  // namespace tidings::cli
