// Servers for a developer's desk, by the project's scripts.
#include <fmt/format.h>

#include <boost/describe.hpp>
#include <sstream>

#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

// A kind of server, and what its commands say of it.
struct ServerKind {
  const char* command;  // also the name of its script
  const char* name;
  const char* folder;
  const char* count_option;  // of the script, too
  bool can_secure;
  const char* up_footer;
};

constexpr ServerKind kKafka{.command = "kafka",
                            .name = "Apache Kafka",
                            .folder = "./.tidings-kafka",
                            .count_option = "--brokers",
                            .can_secure = true,
                            .up_footer =
                                "The first time it gets Apache Kafka from Maven Central (54 MB), for which java\n"
                                "and mvn must be there; --secure needs openssl. It listens on this machine\n"
                                "only, on ports that are free, and runs until `down`.\n"
                                "\n"
                                "Example: tidings dev kafka up ./kafka --secure"};

constexpr ServerKind kRabbitmq{.command = "rabbitmq",
                               .name = "RabbitMQ",
                               .folder = "./.tidings-rabbitmq",
                               .count_option = "--nodes",
                               .can_secure = true,
                               .up_footer =
                                   "Debian's package rabbitmq-server must be there; a server that it started itself\n"
                                   "is left alone. It listens on this machine only, on ports that are free, and\n"
                                   "runs until `down`. Its user guest, with the password guest, may do everything;\n"
                                   "--secure, for one node, needs openssl.\n"
                                   "\n"
                                   "Example: tidings dev rabbitmq up ./rabbitmq --nodes 3"};

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
  std::string directory;
  int count = 1;  // of servers
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
std::optional<std::string> run_script(const ServerKind& kind, const std::vector<std::string>& arguments,
                                      Session& session, int& code) {
  const std::string folder = session.around().scripts;
  if (folder.empty()) {
    code = session.fail(unsupported(
        fmt::format("the script that starts {} is not here: install Tidings as a whole, or call scripts/{} of its "
                    "sources",
                    kind.name, kind.command)));
    return std::nullopt;
  }
  std::vector<std::string> command{fmt::format("{}/{}", folder, kind.command)};
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

int up(const ServerKind& kind, const DevArguments& arguments, Session& session) {
  std::vector<std::string> words{"up", arguments.directory, kind.count_option, std::to_string(arguments.count)};
  if (arguments.secure) words.emplace_back("--secure");
  int code = kDone;
  const auto output = run_script(kind, words, session, code);
  if (!output) return code;
  if (session.json()) {
    session.print_json(DevServer{.directory = arguments.directory, .urls = urls_of(*output)});
  } else {
    session.print(*output);
  }
  return kDone;
}

int down(const ServerKind& kind, const DevArguments& arguments, Session& session) {
  int code = kDone;
  if (!run_script(kind, {"down", arguments.directory}, session, code)) return code;
  if (session.json()) session.print_json(DevServer{.directory = arguments.directory, .urls = {}});
  return kDone;
}

std::shared_ptr<DevArguments> add_directory(CLI::App& app, const ServerKind& kind) {
  const auto arguments = std::make_shared<DevArguments>();
  arguments->directory = kind.folder;
  app.add_option("DIR", arguments->directory, fmt::format("Its folder; default {}", kind.folder))->option_text(" ");
  return arguments;
}

void add_up(CLI::App& server, const ServerKind& kind, Command& command) {
  auto* app = server.add_subcommand("up", "Start it, and say its URL");
  const auto arguments = add_directory(*app, kind);
  app->add_option(kind.count_option, arguments->count, "1 (default) or 3")
      ->option_text("N")
      ->check(CLI::IsMember({1, 3}));
  if (kind.can_secure) {
    app->add_flag("--secure", arguments->secure, "Also ports with TLS and SASL, and a URL for each");
  }
  app->footer(kind.up_footer);
  app->callback([&kind, arguments, &command] {
    command = [&kind, arguments](Session& session) { return up(kind, *arguments, session); };
  });
}

void add_down(CLI::App& server, const ServerKind& kind, Command& command) {
  auto* app = server.add_subcommand("down", "Stop it, and remove its folder with all events");
  const auto arguments = add_directory(*app, kind);
  app->footer(fmt::format("Example: tidings dev {} down", kind.command));
  app->callback([&kind, arguments, &command] {
    command = [&kind, arguments](Session& session) { return down(kind, *arguments, session); };
  });
}

}  // namespace

void add_dev(CLI::App& app, Command& command) {
  auto* dev = app.add_subcommand("dev", "Servers for a developer's desk");
  dev->require_subcommand(1);
  for (const ServerKind* kind : {&kKafka, &kRabbitmq}) {
    auto* server = dev->add_subcommand(kind->command, fmt::format("{} on this machine", kind->name));
    server->require_subcommand(1);
    add_up(*server, *kind, command);
    add_down(*server, *kind, command);
  }
}

}  // namespace tidings::cli
