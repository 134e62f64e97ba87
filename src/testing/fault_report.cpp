#include "tidings/testing/fault_report.hpp"

#include <fmt/format.h>

#include <ostream>

namespace tidings::testing {

namespace {

using Kind = FaultFinding::Kind;

std::string indented(std::string_view text) {
  std::string lines;
  while (true) {
    const auto end = text.find('\n');
    lines += fmt::format("      {}\n", text.substr(0, end));
    if (end == std::string_view::npos || end + 1 == text.size()) return lines;
    text.remove_prefix(end + 1);
  }
}

std::string_view meaning_of(Kind kind) {
  switch (kind) {
    case Kind::state:
      return "it came again, and handling it changed what the service stores";
    case Kind::outputs:
      return "it came again, and its handler published something else";
    case Kind::buried:
      return "it was handled well, came again, and became a dead letter";
    case Kind::unsettled:
      return "not everything was settled within the time";
  }
  return "";
}

std::string subject_of(const FaultFinding& finding) {
  if (finding.handler.empty()) return "";
  const std::string key = finding.key.empty() ? "" : fmt::format(" (key '{}')", finding.key);
  return fmt::format(": {} of group '{}' on '{}', event {}{}", finding.handler, finding.group, finding.subscription,
                     finding.event_id, key);
}

std::string difference_of(const FaultFinding& finding) {
  switch (finding.kind) {
    case Kind::state:
      return fmt::format("    before the second run:\n{}    after it:\n{}", indented(finding.first),
                         indented(finding.second));
    case Kind::outputs:
      return fmt::format("    the first run:\n{}    the second run:\n{}", indented(finding.first),
                         indented(finding.second));
    case Kind::buried:
    case Kind::unsettled:
      return indented(finding.second);
  }
  return "";
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::state:
      return "state";
    case Kind::outputs:
      return "outputs";
    case Kind::buried:
      return "buried";
    case Kind::unsettled:
      return "unsettled";
  }
  return "";
}

std::string FaultFinding::text() const {
  return fmt::format("{}{} (seed {})\n    {}\n{}", to_string(kind), subject_of(*this), seed, meaning_of(kind),
                     difference_of(*this));
}

std::string FaultReport::text() const {
  std::string text =
      fmt::format("run_with_faults({}): {} findings; {} settlements lost, {} second runs compared, {} not comparable\n",
                  seed, findings.size() + findings_left_out, losses, compared, not_compared);
  if (without_fault > 0) text += fmt::format("  {} handled once only: kLossesMax\n", without_fault);
  for (const FaultFinding& finding : findings) text += "  " + finding.text();
  if (findings_left_out > 0) text += fmt::format("  and {} more findings\n", findings_left_out);
  return text;
}

std::ostream& operator<<(std::ostream& stream, const FaultFinding& finding) {
  return stream << finding.text();
}

std::ostream& operator<<(std::ostream& stream, const FaultReport& report) {
  return stream << report.text();
}

}  // namespace tidings::testing
