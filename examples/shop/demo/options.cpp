#include "options.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

namespace shop {

namespace {

constexpr int kWrongUsage = 2;
constexpr int kOrdersMax = 10'000'000;  // of a file of the user's own; the article's has 69,659

constexpr auto kAbout =
    "The article's shop on real orders: six services as processes of their own, on one local: directory,\n"
    "or on Apache Kafka or RabbitMQ.\n"
    "Ends with the books; exit code 1 when they do not balance. Ctrl-C drains; --keep carries on.";

constexpr auto kExamples =
    "Examples:\n"
    "  ./demo                         all 69,659 orders\n"
    "  ./demo --orders 5000 --crash   a part of them, while services are killed about every second\n"
    "  ./demo --transport kafka       on a broker that is started for it; or rabbitmq\n"
    "  ./demo --keep                  carry on with what was interrupted, or make up the books again";

std::string own_directory() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "." : self.parent_path().string();
}

}  // namespace

std::variant<DemoOptions, int> parse_demo_options(int argc, char** argv) {
  DemoOptions options;
  options.programs = own_directory();
  bool keep = false, crash = false;

  CLI::App app{kAbout, "demo"};
  app.footer(kExamples);
  app.option_defaults()->always_capture_default();
  app.add_option("--orders", options.orders, "place only the first N orders")
      ->type_name("N")
      ->check(CLI::Range(1, kOrdersMax))
      ->default_str("all");
  app.add_flag("--crash", crash,
               "kill a random service with SIGKILL about every second, and restart it; with --transport kafka or "
               "rabbitmq the broker too, once");
  app.add_option("--crash-every", options.crash_every_ms, "with --crash: milliseconds between two kills, about")
      ->type_name("MS")
      ->check(CLI::Range(10, 60'000));
  app.add_option("--seed", options.seed, "of the bank's failures, the malformed events and the kills")->type_name("N");
  app.add_flag("--keep", keep, "carry on with the last run, with its seed; --orders may only grow");
  app.add_option("--dir", options.directory, "where the run keeps everything")->type_name("DIR");
  app.add_option("--data", options.data, "the file of orders")->type_name("FILE");
  app.add_option("--concurrency", options.concurrency, "events that a service handles at once, of different orders")
      ->type_name("N")
      ->check(CLI::Range(1, 1'024));
  app.add_option("--transport", options.transport,
                 "local; kafka: Apache Kafka, rabbitmq: RabbitMQ, gotten and started for this run; or the URL of a "
                 "transport of your own")
      ->type_name("NAME|URL");
  app.add_option("--sync", options.sync, "of local: what a commit waits for: the disk (commit), or less (meta, none)")
      ->check(CLI::IsMember({"commit", "meta", "none"}));
  app.add_option("--halfway", options.halfway, "what the shell runs once half of all is handled: to kill a broker, say")
      ->type_name("COMMAND");
  app.add_flag("--lines", options.lines, "print a line now and then, as where there is no terminal");
  app.add_option("--programs", options.programs, "where the services' programs are")->type_name("DIR")->group("");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  options.keep = keep ? Keep::last : Keep::fresh;
  options.crash = crash ? Crash::now_and_then : Crash::never;
  return options;
}

}  // namespace shop
