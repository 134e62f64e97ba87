#include "service/configuration/configuration_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace tidings::service {
namespace {

struct Line {
  std::uint32_t line;
  FileEntry entry;
};

class Flattening final {
 public:
  Flattening(std::string file, std::vector<std::string>& faults) : file_{std::move(file)}, faults_{faults} {}

  void add(const toml::table& table, const std::vector<std::string>& path) {
    for (const auto& [key, node] : table) {
      std::vector<std::string> inner = path;
      inner.emplace_back(key.str());
      if (const toml::table* nested = node.as_table()) {
        add(*nested, inner);
      } else {
        add_value(node, std::move(inner), key.source().begin.line);
      }
    }
  }

  std::vector<FileEntry> entries() {
    std::ranges::stable_sort(lines_, {}, &Line::line);
    std::vector<FileEntry> all;
    for (Line& line : lines_) all.push_back(std::move(line.entry));
    return all;
  }

 private:
  void add_value(const toml::node& node, std::vector<std::string> path, std::uint32_t line) {
    const std::string where = fmt::format("{}:{}", file_, line);
    std::string text;
    if (const auto* value = node.as_string()) {
      text = value->get();
    } else if (const auto* integer = node.as_integer()) {
      text = std::to_string(integer->get());
    } else if (const auto* number = node.as_floating_point()) {
      text = fmt::format("{}", number->get());
    } else if (const auto* truth = node.as_boolean()) {
      text = truth->get() ? "true" : "false";
    } else {
      faults_.push_back(
          fmt::format("{}: '{}' is neither text nor a number; lists and dates are not settings", where, path.back()));
      return;
    }
    lines_.push_back({line, {std::move(path), std::move(text), where}});
  }

  const std::string file_;
  std::vector<std::string>& faults_;
  std::vector<Line> lines_;
};

std::string too_large(const std::string& file, std::uintmax_t bytes) {
  return fmt::format("{}: {} bytes, a configuration has at most {}", file, bytes, kConfigurationBytesMax);
}

}  // namespace

std::vector<FileEntry> read_configuration(std::string_view text, const std::string& file,
                                          std::vector<std::string>& faults) {
  if (text.size() > kConfigurationBytesMax) {
    faults.push_back(too_large(file, text.size()));
    return {};
  }
  try {
    Flattening flattening{file, faults};
    flattening.add(toml::parse(text), {});
    return flattening.entries();
  } catch (const toml::parse_error& bad) {
    faults.push_back(fmt::format("{}:{}: no TOML: {}", file, bad.source().begin.line, bad.description()));
    return {};
  }
}

std::vector<FileEntry> read_configuration_file(const std::filesystem::path& path, std::vector<std::string>& faults) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream stream{path, std::ios::binary};
  if (error || !stream) {
    faults.push_back(fmt::format("{}: cannot be read ({}); check the path given with --config", path.string(),
                                 error ? error.message() : "no permission?"));
    return {};
  }
  if (size > kConfigurationBytesMax) {
    faults.push_back(too_large(path.string(), size));
    return {};
  }
  std::stringstream text;
  text << stream.rdbuf();
  return read_configuration(text.view(), path.string(), faults);
}

}  // namespace tidings::service
