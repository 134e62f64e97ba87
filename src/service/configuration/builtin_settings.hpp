// The settings that every service has.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "service/configuration/settings.hpp"
#include "tidings/log.hpp"

namespace tidings::service {

// Where the admin endpoint listens. Port 0: the system chooses.
struct AdminAddress {
  std::string host;
  int port = 0;
};
// `HOST:PORT` or `[::1]:PORT`; none for `off`.
Result<std::optional<AdminAddress>> admin_address_of(std::string_view text);

std::vector<SettingSpec> builtin_settings();

// Their values, once checked.
struct Builtin {
  std::string transport;
  std::string instance;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
  std::optional<AdminAddress> admin;
  std::string admin_port_file;
  Duration drain_deadline{};
};
Builtin builtin_of(const std::vector<Setting>& settings);

}  // namespace tidings::service
