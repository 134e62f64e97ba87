// The process around a bus, as a user and a supervisor see it: real processes, signals and HTTP.
#include "tests/service/service_process.hpp"

#include <httplib.h>
#include <signal.h>

#include "tests/support/eventually.hpp"

namespace tidings::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ServiceProcess, PrintsHelp) {
  const Ran ran = run({"--help"});
  EXPECT_EQ(ran.exit, (ChildExit{0, 0}));
  const std::string help = ran.output.substr(0, ran.output.find("\nTransports:"));
  EXPECT_EQ(help, golden("help.txt"));
  for (const std::string& line : lines_of(ran.output)) EXPECT_LE(line.size(), 80u) << line;
}

// A14
TEST_F(ServiceProcess, DescribesItsWholeContract) {
  const Ran ran = run({"--describe"});
  EXPECT_EQ(ran.exit, (ChildExit{0, 0}));
  EXPECT_EQ(ran.output, golden("describe.json"));
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(ran.output).error(), simdjson::SUCCESS);
}

TEST_F(ServiceProcess, PrintsTheStagesOfEachSubscription) {
  const Ran ran = run({"--pipelines"});
  EXPECT_EQ(ran.exit, (ChildExit{0, 0}));
  ASSERT_EQ(lines_of(ran.output).size(), 2u);
  EXPECT_THAT(lines_of(ran.output)[0], HasSubstr("sample-service <- orders"));
}

TEST_F(ServiceProcess, PrintsItsVersion) {
  EXPECT_THAT(run({"--version"}).output, HasSubstr("sample-service (tidings "));
}

// A29
TEST_F(ServiceProcess, PrintsEachSettingWithItsOrigin) {
  scratch_.write("service.toml",
                 "log_level = \"warn\"\ndrain_deadline = \"5s\"\n\n[subscription.orders]\nconcurrency = 16\n"
                 "timeout = \"30s\"\nretry.attempts_max = 5\n"
                 "[subscription.orders.handler.OrderPlaced.retry]\nattempts_max = 7\n"
                 "[topic.orders]\nretention_age = \"2d\"\n");
  ChildSpec printing = spec({"--print-config", "--config", "service.toml", "--admin", "127.0.0.1:0"});
  printing.environment = {{"TIDINGS_LOG_LEVEL", "debug"}, {"TIDINGS_BANK_TOKEN", "s3cret"}};
  const Ran ran = run_program(printing);
  EXPECT_EQ(ran.exit, (ChildExit{0, 0})) << ran.error_output;
  EXPECT_EQ(ran.output, golden("print_config.toml"));
}

// What was printed is a configuration, and the same one.
TEST_F(ServiceProcess, ReadsWhatItPrinted) {
  const std::string first = run({"--print-config", "--drain-deadline", "7s"}).output;
  scratch_.write("printed.toml", first);
  const Ran again = run({"--print-config", "--config", "printed.toml"});
  EXPECT_EQ(again.exit, (ChildExit{0, 0})) << again.error_output;
  const auto values = [](const std::string& text) {
    std::vector<std::string> kept;
    for (const std::string& line : lines_of(text)) kept.push_back(line.substr(0, line.find("  # ")));
    return kept;
  };
  EXPECT_EQ(values(again.output), values(first));
}

// A variable of the system that has a setting's name is none of ours.
TEST_F(ServiceProcess, ReadsNoVariableWithoutThePrefix) {
  ChildSpec printing = spec({"--print-config"});
  printing.environment = {{"HOLD", "of another program"}, {"TIDINGS_CUSTOMERS", "good"}};
  const std::string output = run_program(printing).output;
  EXPECT_THAT(output, HasSubstr("hold = \"\" "));
  EXPECT_THAT(output, HasSubstr("# environment TIDINGS_CUSTOMERS"));
}

TEST_F(ServiceProcess, ReadsTheFileThatTheEnvironmentNames) {
  ChildSpec printing = spec({"--print-config"});
  printing.environment = {{"TIDINGS_CONFIG", scratch_.write("other.toml", "instance = 'blue'\n")}};
  EXPECT_THAT(run_program(printing).output, HasSubstr("instance = \"blue\""));
}

// A29: everything that is wrong, at once, with a suggestion; exit code 2.
TEST_F(ServiceProcess, RefusesWhatItDoesNotKnow) {
  scratch_.write("service.toml", "tranport = \"memory:\"\n[subscription.order]\nconcurrency = 1\n");
  const Ran ran = run({"--config", "service.toml", "--log-levle", "debug"});
  EXPECT_EQ(ran.exit, (ChildExit{2, 0}));
  EXPECT_EQ(ran.error_output,
            "sample-service: 3 things are wrong:\n"
            "  unknown flag '--log-levle'; did you mean '--log-level'?\n"
            "  service.toml:1: unknown key 'tranport'; did you mean 'transport'?\n"
            "  service.toml:3: no subscription 'order'; did you mean 'orders'?\n"
            "See sample-service --help.\n");
}

TEST_F(ServiceProcess, RefusesPoliciesThatCannotBe) {
  scratch_.write("service.toml", "[subscription.orders]\nconcurrency = 0\n");
  const Ran ran = run({"--config", "service.toml"});
  EXPECT_EQ(ran.exit, (ChildExit{2, 0}));
  EXPECT_THAT(ran.error_output, HasSubstr("concurrency"));
}

// A20, exit code 2.
TEST_F(ServiceProcess, ListsTheTransportsWhenOneIsUnknown) {
  const Ran ran = run({"--transport", "pigeon:loft"});
  EXPECT_EQ(ran.exit, (ChildExit{2, 0}));
  EXPECT_THAT(ran.error_output, HasSubstr("there is no transport 'pigeon:' here"));
}

// The table of Service::run; 1 at the drain's deadline and 128+N have tests of their own, below.
TEST_F(ServiceProcess, EndsWithACodeThatSaysWhatToDo) {
  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::string says;
  };
  scratch_.write("no_directory", "");
  const std::vector<Case> cases{
      {{"--version"}, 0, ""},
      {{"--transport", "memory:", "--background", "done"}, 0, "stopped"},
      {{"--transport", "memory:", "--background", "fail"}, 1, "the feed is gone"},
      {{"--transport", "memory:", "--admin", "192.0.2.1:0"}, 1, "cannot listen"},
      {{"--transport", "memory:?size=1"}, 2, "has no option 'size'"},
      {{"--transport", "local:no_directory/store"}, 2, "choose another directory"},
      {{"--log-level", "loud"}, 2, "'loud' is no level"},
      {{"--transport", "local:/proc/store"}, 3, "making the directory '/proc/store' failed"},
  };
  for (const Case& each : cases) {
    const Ran ran = run(each.arguments);
    EXPECT_EQ(ran.exit, (ChildExit{each.code, 0})) << each.arguments.back() << ran.error_output;
    EXPECT_THAT(ran.error_output, HasSubstr(each.says));
  }
}

TEST_F(ServiceProcess, EndsWithItsBackgroundWorkWhenThatSaysSo) {
  EXPECT_EQ(run_program(service({"--background", "done"})).exit, (ChildExit{0, 0}));
  const Ran failed = run_program(service({"--background", "fail"}));
  EXPECT_EQ(failed.exit, (ChildExit{1, 0}));
  EXPECT_THAT(failed.error_output, HasSubstr("the feed is gone"));
  const Ran thrown = run_program(service({"--background", "throw"}));
  EXPECT_EQ(thrown.exit, (ChildExit{1, 0}));
  EXPECT_THAT(thrown.error_output, HasSubstr("the feed blew up"));
}

// A32
TEST_F(ServiceProcess, LogsFailuresWithAllThatIsNeededToFindThem) {
  ChildProcess child{service({"--customers", "flaky,refused"})};
  const std::string retry = log_line(child, "the handler failed; the event is tried again in 0.0 s");
  EXPECT_EQ(member(retry, "level"), "\"warn\"");
  EXPECT_EQ(member(retry, "service"), "\"sample-service\"");
  EXPECT_EQ(member(retry, "event_id"), "\"order-flaky\"");
  EXPECT_EQ(member(retry, "event_type"), "\"OrderPlaced\"");
  EXPECT_EQ(member(retry, "correlation_id"), "\"story-flaky\"");
  EXPECT_EQ(member(retry, "attempt"), "1");
  EXPECT_EQ(member(retry, "error"), "\"the bank does not answer\"");
  const std::string dead = log_line(child, "the handler refused the event: dead letter");
  EXPECT_EQ(member(dead, "level"), "\"error\"");
  EXPECT_EQ(member(dead, "correlation_id"), "\"story-refused\"");
}

// A32: lines logged inside a handler carry the correlation id by themselves.
TEST_F(ServiceProcess, MarksTheLinesOfHandlers) {
  ChildProcess child{service({"--customers", "flaky"})};
  const std::string line = log_line(child, "receipt asked for");
  EXPECT_EQ(member(line, "correlation_id"), "\"story-flaky\"");
  EXPECT_EQ(member(line, "event_id"), "\"order-flaky\"");
  EXPECT_EQ(member(line, "attempt"), "2");
  EXPECT_EQ(member(log_line(child, "running"), "correlation_id"), "(none)");
}

TEST_F(ServiceProcess, LogsTextWhereAsked) {
  ChildProcess child{service({"--log-format", "text", "--customers", "good"})};
  EXPECT_TRUE(child.wait_for_error_output(" info  handling  "));
  EXPECT_THAT(child.error_output(), HasSubstr("correlation_id=story-good"));
}

// Never log secrets or event bodies.
TEST_F(ServiceProcess, LogsNeitherSecretsNorBodies) {
  ChildProcess child{service({"--bank-token", "s3cret", "--customers", "refused", "--log-level", "debug"})};
  log_line(child, "the handler refused the event: dead letter");
  child.send(SIGTERM);
  child.wait();
  EXPECT_THAT(child.error_output(), Not(HasSubstr("s3cret")));
  EXPECT_THAT(child.error_output(), Not(HasSubstr("customerId")));
}

class AdminOfProcess : public ServiceProcess {
 protected:
  ChildSpec watched(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--admin", "127.0.0.1:0", "--admin-port-file", port_file()});
    return service(std::move(arguments));
  }
  std::string port_file() const { return scratch_ / "port"; }
  int port() const {
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(port_file()); }));
    return std::stoi(text_of(port_file()));
  }
  httplib::Client client() const { return httplib::Client{"127.0.0.1", port()}; }
  static std::string body(httplib::Client& client, const std::string& path, int status = 200) {
    const auto answer = client.Get(path);
    EXPECT_TRUE(answer) << path;
    if (!answer) return {};
    EXPECT_EQ(answer->status, status) << answer->body;
    return answer->body;
  }
};

// A31
TEST_F(AdminOfProcess, SaysWhetherItIsHealthyAndReady) {
  ChildProcess child{watched({})};
  log_line(child, "running");
  httplib::Client http = client();
  EXPECT_EQ(body(http, "/healthz"), "{\"status\":\"ok\"}\n");
  EXPECT_EQ(body(http, "/readyz"),
            R"({"ready":true,"service":"sample-service","phase":"running","transport":{"reachable":true},)"
            R"("subscriptions":[{"group":"sample-service","subscription":"orders","live":true},)"
            R"({"group":"receipts","subscription":"receipts","live":true}]})"
            "\n");
  body(http, "/nothing", 404);
}

TEST_F(AdminOfProcess, IsNotReadyWhileItDrains) {
  ChildProcess child{watched({"--customers", "held", "--hold", scratch_ / "never"})};
  log_line(child, "handling");
  child.send(SIGTERM);
  log_line(child, "draining");
  httplib::Client http = client();
  EXPECT_EQ(body(http, "/healthz"), "{\"status\":\"ok\"}\n");
  EXPECT_THAT(body(http, "/readyz", 503), HasSubstr(R"("ready":false,"service":"sample-service","phase":"draining")"));
}

// A31
TEST_F(AdminOfProcess, CountsWhatIsHandled) {
  ChildProcess child{watched({"--customers", "good,flaky,refused"})};
  httplib::Client http = client();
  // By different threads, each in its time.
  const auto counted = [&](const std::string& line) {
    return eventually([&] { return body(http, "/metrics").find(line) != std::string::npos; });
  };
  EXPECT_TRUE(counted(R"(events_processed_total{service="sample-service",group="sample-service",)"
                      R"(outcome="accepted",event_type="OrderPlaced"} 2)"));
  EXPECT_TRUE(counted(R"(outcome="retrying",event_type="OrderPlaced"} 1)"));
  EXPECT_TRUE(counted(R"(dlq_messages_total{group="sample-service",reason="rejected",topic="orders"} 1)"));
  EXPECT_TRUE(counted("event_processing_duration_seconds_bucket{"));
  EXPECT_TRUE(counted(R"(event_published_total{service="sample-service",outcome="confirmed",)"
                      R"(event_type="OrderPlaced"} 3)"));
  EXPECT_TRUE(counted(R"(event_published_total{service="sample-service",outcome="confirmed",)"
                      R"(event_type="SendReceipt"} 2)"));
  EXPECT_TRUE(counted("log_lines_dropped_total 0\n"));
}

TEST_F(AdminOfProcess, RefusesAPortThatIsTaken) {
  ChildProcess child{watched({})};
  const Ran second = run_program(service({"--admin", "127.0.0.1:" + std::to_string(port())}));
  EXPECT_EQ(second.exit, (ChildExit{1, 0}));
  EXPECT_THAT(second.error_output, HasSubstr("the port is taken"));
}

}  // namespace
}  // namespace tidings::testing
