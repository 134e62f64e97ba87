#include <fmt/format.h>

#include "service/configuration/service_arguments.hpp"
#include "text/wrapped_text.hpp"

namespace tidings::service {
namespace {

constexpr std::size_t kIndent = 26;  // where meanings begin

std::string entry(const std::string& flag, const std::string& meaning) {
  std::string line = "  " + flag;
  line += line.size() + 2 > kIndent ? "\n" + std::string(kIndent, ' ') : std::string(kIndent - line.size(), ' ');
  return line + text::wrapped(meaning, kIndent, kIndent) + "\n";
}

std::string setting_entry(const SettingSpec& spec) {
  const std::string standard = spec.standard.empty() ? "" : fmt::format(" [{}]", spec.standard);
  return entry(fmt::format("--{} {}", spec.name, spec.placeholder), spec.meaning + standard);
}

}  // namespace

std::string help_text(const std::string& service, const std::string& summary, const std::vector<SettingSpec>& specs,
                      const std::vector<std::string>& transports) {
  std::string text =
      fmt::format("Usage: {} [--FLAG VALUE]...\n\n{}\n\nSettings:\n", service, text::wrapped(summary, 0, 0));
  for (const SettingSpec& spec : specs) text += setting_entry(spec);
  text += entry("--config FILE", "settings from a TOML file, also TIDINGS_CONFIG");
  text += "\nInstead of running:\n";
  text += entry("--print-config", "each setting in effect, and where it comes from");
  text += entry("--describe", "subscriptions and publications, as JSON");
  text += entry("--pipelines", "the stages and policies of each subscription");
  text += entry("--version", "version");
  text += entry("--help, -h", "this text");
  text += "\nTransports:\n";
  for (const std::string& transport : transports) text += text::paragraph(transport);
  text += "\n" +
          text::wrapped(
              "A flag wins over the environment, the environment over the file, the file over the default "
              "in brackets. Environment and keys of the file: " +
                  (specs.empty() ? std::string{"-"}
                                 : fmt::format("{} and {} for --{}, and so on.", specs.front().environment,
                                               key_of(specs.front()), specs.front().name)),
              0, 0) +
          "\n";
  text += text::wrapped("Exit codes: 0 done, 1 failed, 2 wrong usage, 3 transport unavailable.", 0, 0) + "\n";
  return text;
}

}  // namespace tidings::service
