#include "service/configuration/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "service/configuration/secrets.hpp"
#include "text/nearest_name.hpp"

namespace tidings::service {
namespace {

const FileEntry* find_key(const std::vector<FileEntry>& file, const std::string& key) {
  const auto found = std::ranges::find_if(
      file, [&](const FileEntry& entry) { return entry.path.size() == 1 && entry.path[0] == key; });
  return found == file.end() ? nullptr : &*found;
}

Setting find_value(const SettingSpec& spec, const Sources& sources) {
  const auto flag = std::find_if(sources.flags.rbegin(), sources.flags.rend(),
                                 [&](const GivenFlag& given) { return given.name == spec.name; });
  if (flag != sources.flags.rend()) return {spec, flag->value, {Origin::Kind::flag, "--" + spec.name}};
  if (auto variable = sources.environment(spec.environment))
    return {spec, *std::move(variable), {Origin::Kind::environment, spec.environment}};
  if (const FileEntry* entry = find_key(sources.file, key_of(spec)))
    return {spec, entry->value, {Origin::Kind::file, entry->where}};
  return {spec, spec.standard, {}};
}

void check_keys(const std::vector<SettingSpec>& specs, const std::vector<FileEntry>& file,
                std::vector<std::string>& faults) {
  const std::vector<std::string> tables{"subscription", "topic"};
  std::vector<std::string> keys = tables;
  for (const SettingSpec& spec : specs) keys.push_back(key_of(spec));
  for (const FileEntry& entry : file) {
    const std::string& key = entry.path.front();
    const bool known = std::ranges::find(keys, key) != keys.end();
    const bool table = std::ranges::find(tables, key) != tables.end();
    if (!known) {
      faults.push_back(fmt::format("{}: unknown key '{}'{}", entry.where, key, text::did_you_mean(key, keys)));
    } else if (table != (entry.path.size() > 1)) {
      faults.push_back(fmt::format("{}: '{}' is {}", entry.where, key,
                                   table ? fmt::format("a table: write [{}.\"TOPIC\"]", key) : "a value, no table"));
    }
  }
}

}  // namespace

std::string key_of(const SettingSpec& spec) {
  std::string key = spec.name;
  std::ranges::replace(key, '-', '_');
  return key;
}

std::string environment_of(std::string_view name) {
  std::string variable = "TIDINGS_";
  for (const char c : name) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    variable += lower ? static_cast<char>(c - 'a' + 'A') : kept ? c : '_';
  }
  return variable;
}

std::string to_string(const Origin& origin) {
  switch (origin.kind) {
    case Origin::Kind::standard:
      return "default";
    case Origin::Kind::program:
      return "program";
    case Origin::Kind::file:
      return origin.where;
    case Origin::Kind::environment:
      return "environment " + origin.where;
    case Origin::Kind::flag:
      return "flag " + origin.where;
  }
  return "default";
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

std::vector<Setting> resolve(const std::vector<SettingSpec>& specs, const Sources& sources,
                             std::vector<std::string>& faults) {
  std::vector<Setting> settings;
  for (const SettingSpec& spec : specs) {
    settings.push_back(find_value(spec, sources));
    const Setting& setting = settings.back();
    if (!spec.check) continue;
    if (const auto checked = spec.check(setting.value); !checked)
      faults.push_back(fmt::format("{} ({}): {}", spec.name, to_string(setting.origin), checked.error().message));
  }
  check_keys(specs, sources.file, faults);
  return settings;
}

std::string shown_value(const Setting& setting) {
  if (setting.spec.secrecy == Secrecy::secret || is_secret_name(setting.spec.name))
    return setting.value.empty() ? "" : std::string{kMasked};
  return setting.value.find("//") == std::string::npos && setting.value.find('?') == std::string::npos
             ? setting.value
             : mask_url(setting.value);
}

}  // namespace tidings::service
