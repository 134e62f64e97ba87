// What can be set from outside, and how a value is found: flag before environment before file before default.
//
// Pure: the sources come in as values. Every fault is reported, not only the first.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/service.hpp"

namespace tidings::service {

struct SettingSpec {
  std::string name;         // `drain-deadline`: the flag is --drain-deadline, the key of the file drain_deadline
  std::string environment;  // `TIDINGS_DRAIN_DEADLINE`
  std::string placeholder;  // `DURATION`, for --help
  std::string meaning;      // one sentence, for --help
  std::string standard;     // the default
  Secrecy secrecy = Secrecy::open;
  std::function<Result<void>(std::string_view)> check;  // null: any text
};

std::string key_of(const SettingSpec& spec);  // in the file
// `TIDINGS_DRAIN_DEADLINE` for `drain-deadline`. Every setting has the prefix, also the program's own: one that is
// called `path` or `home` must not read what the system put there.
std::string environment_of(std::string_view name);

struct Origin {
  enum class Kind { standard, program, file, environment, flag };
  Kind kind = Kind::standard;
  std::string where;  // `service.toml:3`, `TIDINGS_TRANSPORT`, `--transport`
};
// `default`, `program`, `service.toml:3`, `environment TIDINGS_TRANSPORT`, `flag --transport`
std::string to_string(const Origin& origin);

struct Setting {
  SettingSpec spec;
  std::string value;
  Origin origin;
};

// One line of a TOML file: `[subscription."orders"] concurrency = 4` has the path subscription, orders, concurrency.
struct FileEntry {
  std::vector<std::string> path;
  std::string value;
  std::string where;  // `service.toml:3`
};

struct GivenFlag {
  std::string name;  // without dashes
  std::string value;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();  // an empty variable counts as none

struct Sources {
  std::vector<GivenFlag> flags;  // of known names; the last one wins
  Environment environment;
  std::vector<FileEntry> file;
};

// A value for each spec, in their order. Adds a line to `faults` for each value that its check refuses, and for each
// top-level key of the file that no spec has.
std::vector<Setting> resolve(const std::vector<SettingSpec>& specs, const Sources& sources,
                             std::vector<std::string>& faults);

// As shown to people: masked where it is secret.
std::string shown_value(const Setting& setting);

}  // namespace tidings::service
