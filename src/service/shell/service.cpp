#include "tidings/service.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "service/configuration/builtin_settings.hpp"
#include "service/configuration/configuration_file.hpp"
#include "service/configuration/print_configuration.hpp"
#include "service/configuration/service_arguments.hpp"
#include "service/configuration/topic_overrides.hpp"
#include "service/plan/plan.hpp"
#include "service/shell/description.hpp"
#include "service/shell/service_run.hpp"
#include "tidings/transport/linked.hpp"

namespace tidings {

namespace {

constexpr std::string_view kConfigVariable = "TIDINGS_CONFIG";

LogFormat effective(LogFormat format) {
  if (format != LogFormat::automatic) return format;
  return isatty(STDERR_FILENO) == 1 ? LogFormat::text : LogFormat::json;
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

int refuse(const std::string& service, const std::vector<std::string>& faults) {
  const std::string text =
      fmt::format("{}: {}:\n  {}\nSee {} --help.\n", service,
                  faults.size() == 1 ? "this cannot be run" : fmt::format("{} things are wrong", faults.size()),
                  fmt::join(faults, "\n  "), service);
  std::fputs(text.c_str(), stderr);
  return service::kExitUsage;
}

// What the service is, in a sentence for --help.
std::string summary_of(const Contract& contract) {
  std::vector<std::string> handled, published;
  const auto add = [](std::vector<std::string>& names, std::string name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  };
  for (const Registration& registration : contract.registrations()) {
    add(handled, registration.type != nullptr ? std::string{registration.type->info.type}
                                              : "any event of " + service::subscription_of(registration));
  }
  for (const EventType* type : contract.published()) add(published, std::string{type->info.type});
  return fmt::format("Handles {}. Publishes {}.",
                     handled.empty() ? "nothing" : fmt::format("{}", fmt::join(handled, ", ")),
                     published.empty() ? "nothing" : fmt::format("{}", fmt::join(published, ", ")));
}

}  // namespace

class Service::State final {
 public:
  struct Own {
    service::SettingSpec spec;
    std::string* value;
  };

  explicit State(std::string service_name)
      : name{std::move(service_name)},
        log{executor, standard_error_sink(executor), {.format = effective(LogFormat::automatic), .service = name}},
        stop{*executor} {}

  const std::string name;
  const std::shared_ptr<Executor> executor = thread_executor();
  const Log log;
  service::StopRequest stop;
  std::shared_ptr<Inbox> inbox;
  std::vector<service::Background> backgrounds;
  std::vector<Own> own;

  int describe(const std::vector<service::SubscriptionPlan>& plans, const Contract& contract) const {
    const auto text = service::to_text(service::describe_service(name, plans, contract.published()));
    if (!text) return refuse(name, {text.error().message});
    print(*text);
    return service::kExitDone;
  }

  int serve(const Contract& contract, const service::Builtin& settings) {
    log.set_options({.level = settings.log_level,
                     .format = effective(settings.log_format),
                     .service = name,
                     .instance = settings.instance});
    return service::run_service({.name = name,
                                 .contract = contract,
                                 .settings = settings,
                                 .executor = executor,
                                 .inbox = inbox,
                                 .backgrounds = backgrounds,
                                 .log = log,
                                 .stop = stop});
  }

  std::vector<service::SettingSpec> specs() const {
    std::vector<service::SettingSpec> all = service::builtin_settings();
    for (const Own& setting : own) all.push_back(setting.spec);
    return all;
  }
};

Service::Service(std::string name) : state_{std::make_unique<State>(std::move(name))} {}
Service::~Service() = default;

void Service::use(std::shared_ptr<Inbox> inbox) {
  state_->inbox = std::move(inbox);
}

void Service::background(std::string name, std::function<Result<void>(Bus&, std::stop_token)> body) {
  state_->backgrounds.push_back({std::move(name), std::move(body)});
}

void Service::setting(std::string name, std::string meaning, std::string& value, Secrecy secrecy) {
  std::ranges::replace(name, '_', '-');
  service::SettingSpec spec{.name = name,
                            .environment = service::environment_of(name),
                            .placeholder = "VALUE",
                            .meaning = std::move(meaning),
                            .standard = value,
                            .secrecy = secrecy};
  state_->own.push_back({std::move(spec), &value});
}

const Log& Service::log() const {
  return state_->log;
}

void Service::stop() {
  state_->stop.request(service::kExitDone);
}

namespace {

// All that was said from outside, and all that is wrong with it.
struct Configuration {
  service::CommandLine line;
  std::vector<service::FileEntry> file;
  std::vector<service::Setting> settings;
  std::vector<std::string> faults;
};

void check_names(const std::vector<service::SettingSpec>& specs, std::vector<std::string>& faults) {
  std::vector<std::string> seen{"config", "describe", "help", "pipelines", "print-config", "version"};
  for (const service::SettingSpec& spec : specs) {
    if (std::ranges::find(seen, spec.name) != seen.end())
      faults.push_back(
          fmt::format("the program declares the setting '{}', which is there already; rename it", spec.name));
    seen.push_back(spec.name);
  }
}

Configuration read_configuration(int argc, char** argv, const std::vector<service::SettingSpec>& specs) {
  Configuration read;
  check_names(specs, read.faults);
  if (!read.faults.empty()) return read;
  service::Environment environment = service::process_environment();
  read.line = service::parse_command_line(argc, argv, specs, read.faults);
  std::string file = read.line.configuration_file;
  if (file.empty()) file = environment(std::string{kConfigVariable}).value_or("");
  if (!file.empty()) read.file = service::read_configuration_file(file, read.faults);
  read.settings = service::resolve(specs, {read.line.flags, std::move(environment), read.file}, read.faults);
  return read;
}

}  // namespace

int Service::run(int argc, char** argv) {
  const std::string& name = state_->name;
  const std::vector<service::SettingSpec> specs = state_->specs();
  Configuration configuration = read_configuration(argc, argv, specs);
  if (configuration.line.action == service::Action::help) {
    print(service::help_text(name, summary_of(*this), specs, transport::describe_linked()));
    return service::kExitDone;
  }
  if (configuration.line.action == service::Action::version) {
    print(fmt::format("{} (tidings {})\n", name, TIDINGS_VERSION));
    return service::kExitDone;
  }
  std::vector<std::string>& faults = configuration.faults;
  service::apply_overrides(configuration.file, name, registrations_to_configure(), faults);
  const std::vector<DeclaredTopic> topics_of_program = topics();
  service::apply_topic_overrides(configuration.file, published(), topics_to_configure(), faults);
  auto plans = service::make_plan(*this, {.group = name, .inbox = state_->inbox});
  if (!plans) faults.push_back(plans.error().message);
  if (!faults.empty()) return refuse(name, faults);
  for (const State::Own& own : state_->own) {
    *own.value = std::ranges::find(configuration.settings, own.spec.name, [](const service::Setting& setting) {
                   return setting.spec.name;
                 })->value;
  }
  switch (configuration.line.action) {
    case service::Action::print_configuration:
      print(service::print_configuration(configuration.settings,
                                         service::policy_settings(configuration.file, name, registrations(), *plans),
                                         service::topic_settings(configuration.file, published(), topics_of_program)));
      return service::kExitDone;
    case service::Action::pipelines:
      for (const service::SubscriptionPlan& plan : *plans) print(service::describe_plan(plan) + "\n");
      return service::kExitDone;
    case service::Action::describe:
      return state_->describe(*plans, *this);
    default:
      return state_->serve(*this, service::builtin_of(configuration.settings));
  }
}

}  // namespace tidings
