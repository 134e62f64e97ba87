// Servers for a developer's desk, by the project's scripts.
#include <fmt/format.h>

#include <boost/describe.hpp>
#include <sstream>

#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

constexpr const char* kFolder = "./.tidings-kafka";

struct DevUrl {
  std::string way;  // none: without security
  std::string url;
};
BOOST_DESCRIBE_STRUCT(DevUrl, (), (way, url))

struct DevServer {
  std::string directory;
  std::vector<DevUrl> urls;
};
BOOST_DESCRIBE_STRUCT(DevServer, (), (directory, urls))

struct DevArguments {
  std::string directory = kFolder;
  int brokers = 1;
  bool secure = false;
};

// `URL`, or lines `WAY URL`.
std::vector<DevUrl> urls_of(const std::string& output) {
  std::vector<DevUrl> urls;
  std::istringstream lines{output};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    DevUrl url;
    words >> url.way;
    if (!(words >> url.url)) url = {.way = "none", .url = url.way};
    urls.push_back(std::move(url));
  }
  return urls;
}

// What the script printed; its errors stand on standard error already.
std::optional<std::string> run_script(const std::vector<std::string>& arguments, Session& session, int& code) {
  const std::string folder = session.around().scripts;
  if (folder.empty()) {
    code =
        session.fail(unsupported("the script that starts Kafka is not here: install Tidings as a whole, or call "
                                 "scripts/kafka of its sources"));
    return std::nullopt;
  }
  std::vector<std::string> command{folder + "/kafka"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto ran = session.around().run_program(command);
  if (!ran) {
    code = session.fail(ran.error());
    return std::nullopt;
  }
  if (ran->code == 0) return ran->output;
  (void)session.fail(unavailable(
      fmt::format("`{} {}` did not succeed; what it said stands above", command[0], fmt::join(arguments, " "))));
  code = kFailed;  // no transport is away
  return std::nullopt;
}

int up(const DevArguments& arguments, Session& session) {
  std::vector<std::string> words{"up", arguments.directory, "--brokers", std::to_string(arguments.brokers)};
  if (arguments.secure) words.emplace_back("--secure");
  int code = kDone;
  const auto output = run_script(words, session, code);
  if (!output) return code;
  if (session.json()) {
    session.print_json(DevServer{.directory = arguments.directory, .urls = urls_of(*output)});
  } else {
    session.print(*output);
  }
  return kDone;
}

int down(const DevArguments& arguments, Session& session) {
  int code = kDone;
  if (!run_script({"down", arguments.directory}, session, code)) return code;
  if (session.json()) session.print_json(DevServer{.directory = arguments.directory, .urls = {}});
  return kDone;
}

void add_directory(CLI::App& app, DevArguments& arguments) {
  app.add_option("DIR", arguments.directory, fmt::format("Its folder; default {}", kFolder))->option_text(" ");
}

void add_up(CLI::App& kafka, Command& command) {
  auto* app = kafka.add_subcommand("up", "Start it, and say its URL");
  const auto arguments = std::make_shared<DevArguments>();
  add_directory(*app, *arguments);
  app->add_option("--brokers", arguments->brokers, "1 (default) or 3")->option_text("N")->check(CLI::IsMember({1, 3}));
  app->add_flag("--secure", arguments->secure, "Also ports with TLS and SASL, and a URL for each");
  app->footer(
      "The first time it gets Apache Kafka from Maven Central (54 MB), for which java\n"
      "and mvn must be there; --secure needs openssl. It listens on this machine\n"
      "only, on ports that are free, and runs until `down`.\n"
      "\n"
      "Example: tidings dev kafka up ./kafka --secure");
  app->callback([arguments, &command] { command = [arguments](Session& session) { return up(*arguments, session); }; });
}

void add_down(CLI::App& kafka, Command& command) {
  auto* app = kafka.add_subcommand("down", "Stop it, and remove its folder with all events");
  const auto arguments = std::make_shared<DevArguments>();
  add_directory(*app, *arguments);
  app->footer("Example: tidings dev kafka down");
  app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return down(*arguments, session); }; });
}

}  // namespace

void add_dev(CLI::App& app, Command& command) {
  auto* dev = app.add_subcommand("dev", "Servers for a developer's desk");
  dev->require_subcommand(1);
  auto* kafka = dev->add_subcommand("kafka", "Apache Kafka on this machine");
  kafka->require_subcommand(1);
  add_up(*kafka, command);
  add_down(*kafka, command);
}

}  // namespace tidings::cli
