#include <fmt/format.h>

#include <algorithm>

#include "service/shell/service_arguments.hpp"

namespace tidings::service {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kIndent = 26;  // where meanings begin

// Words of `text` from column `indent` on; the first line begins at `column`. A word is never cut.
std::string wrapped(std::string_view text, std::size_t column, std::size_t indent) {
  std::string out;
  bool first = true;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!first && column + 1 + word.size() > kColumns) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
      first = true;
    }
    if (!first) out += ' ';
    column += word.size() + (first ? 0 : 1);
    out += word;
    first = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string entry(const std::string& flag, const std::string& meaning) {
  std::string line = "  " + flag;
  line += line.size() + 2 > kIndent ? "\n" + std::string(kIndent, ' ') : std::string(kIndent - line.size(), ' ');
  return line + wrapped(meaning, kIndent, kIndent) + "\n";
}

std::string setting_entry(const SettingSpec& spec) {
  const std::string standard = spec.standard.empty() ? "" : fmt::format(" [{}]", spec.standard);
  return entry(fmt::format("--{} {}", spec.name, spec.placeholder), spec.meaning + standard);
}

// Each line of `text`, with its own indentation.
std::string paragraph(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    const std::size_t inner = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t indent = 2 + inner;
    line.remove_prefix(inner);
    out += std::string(indent, ' ') + wrapped(line, indent, indent + 4) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::string help_text(const std::string& service, const std::string& summary, const std::vector<SettingSpec>& specs,
                      const std::vector<std::string>& transports) {
  std::string text = fmt::format("Usage: {} [--FLAG VALUE]...\n\n{}\n\nSettings:\n", service, wrapped(summary, 0, 0));
  for (const SettingSpec& spec : specs) text += setting_entry(spec);
  text += entry("--config FILE", "settings from a TOML file, also TIDINGS_CONFIG");
  text += "\nInstead of running:\n";
  text += entry("--print-config", "each setting in effect, and where it comes from");
  text += entry("--describe", "subscriptions and publications, as JSON");
  text += entry("--pipelines", "the stages and policies of each subscription");
  text += entry("--version", "version");
  text += entry("--help, -h", "this text");
  text += "\nTransports:\n";
  for (const std::string& transport : transports) text += paragraph(transport);
  text += "\n" +
          wrapped(
              "A flag wins over the environment, the environment over the file, the file over the default "
              "in brackets. Environment and keys of the file: " +
                  (specs.empty() ? std::string{"-"}
                                 : fmt::format("{} and {} for --{}, and so on.", specs.front().environment,
                                               key_of(specs.front()), specs.front().name)),
              0, 0) +
          "\n";
  text += wrapped("Exit codes: 0 done, 1 failed, 2 wrong usage, 3 transport unavailable.", 0, 0) + "\n";
  return text;
}

}  // namespace tidings::service
