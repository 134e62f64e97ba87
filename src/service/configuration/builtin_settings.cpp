#include "service/configuration/builtin_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "text/duration_text.hpp"

namespace tidings::service {
namespace {

Result<void> check_level(std::string_view text) {
  if (log_level(text)) return {};
  return invalid(fmt::format("'{}' is no level; choose debug, info, warn, error or off", text));
}
Result<void> check_format(std::string_view text) {
  if (log_format(text)) return {};
  return invalid(fmt::format("'{}' is no format; choose auto, text or json", text));
}
Result<void> check_admin(std::string_view text) {
  const auto address = admin_address_of(text);
  return address ? Result<void>{} : address.error();
}
Result<void> check_duration(std::string_view text) {
  const auto duration = text::duration_of(text);
  return duration ? Result<void>{} : duration.error();
}

SettingSpec spec(std::string name, std::string placeholder, std::string standard, std::string meaning,
                 std::function<Result<void>(std::string_view)> check = {}) {
  std::string environment = environment_of(name);
  return {.name = std::move(name),
          .environment = std::move(environment),
          .placeholder = std::move(placeholder),
          .meaning = std::move(meaning),
          .standard = std::move(standard),
          .check = std::move(check)};
}

}  // namespace

Result<std::optional<AdminAddress>> admin_address_of(std::string_view text) {
  if (text == "off") return std::optional<AdminAddress>{};
  const auto fault = [&] {
    return invalid(
        fmt::format("'{}' is no address; write HOST:PORT, as in 127.0.0.1:9464 (port 0: any), or off", text));
  };
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return fault();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || (host.find(':') != host.npos && text.front() != '[')) return fault();
  AdminAddress address{std::string{host}, 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size() || address.port < 0 || address.port > 65'535)
    return fault();
  return std::optional{address};
}

std::vector<SettingSpec> builtin_settings() {
  return {
      spec("transport", "URL", "local:./.tidings", "where events live"),
      spec("instance", "NAME", "",
           "a name of this process alone, the same after a restart; default: name and process id"),
      spec("log-level", "LEVEL", "info", "debug, info, warn, error or off", check_level),
      spec("log-format", "FORMAT", "auto", "text, json, or auto: text on a terminal, JSON lines elsewhere",
           check_format),
      spec("admin", "HOST:PORT", "off",
           "serves /healthz, /readyz and /metrics there, without a password: 127.0.0.1:0 for this machine alone, on "
           "a free port",
           check_admin),
      spec("admin-port-file", "FILE", "", "gets the admin endpoint's port, once it listens"),
      spec("drain-deadline", "DURATION", "20s", "how long a stop waits for handlers", check_duration)};
}

Builtin builtin_of(const std::vector<Setting>& settings) {
  const auto value = [&](std::string_view name) -> const std::string& {
    return std::ranges::find_if(settings, [&](const Setting& setting) { return setting.spec.name == name; })->value;
  };
  return {.transport = value("transport"),
          .instance = value("instance"),
          .log_level = log_level(value("log-level")).value_or(LogLevel::info),
          .log_format = log_format(value("log-format")).value_or(LogFormat::automatic),
          .admin = admin_address_of(value("admin")).value_or(std::nullopt),
          .admin_port_file = value("admin-port-file"),
          .drain_deadline = text::duration_of(value("drain-deadline")).value_or(Duration{})};
}

}  // namespace tidings::service
