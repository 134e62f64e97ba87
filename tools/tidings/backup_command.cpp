#include <fmt/format.h>

#include <memory>

#include "operate/backup.hpp"
#include "operate/display.hpp"
#include "operate/moment.hpp"
#include "tools/tidings/commands.hpp"
#include "tools/tidings/progress.hpp"

namespace tidings::cli {

namespace {

std::string text_of(const operate::BackupReport& report) {
  return fmt::format(
      "{} copied to {} in {:.1f} s, as of {}\n"
      "to restore it: stop all services, start them on a copy of it; to look into it:\n"
      "  TIDINGS_TRANSPORT={} tidings topics",
      operate::bytes_text(report.bytes), operate::printable(report.directory), report.seconds,
      operate::moment_text(report.begun), operate::shell_quoted(report.transport));
}

int backup(const std::string& directory, Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto report = with_progress(session, code, [&](const auto& go_on) {
    return operate::make_backup(*transport, *session.around().executor, directory, [&](std::uint64_t bytes) {
      return go_on([&] { return operate::bytes_text(bytes) + " copied"; });
    });
  });
  if (!report) return code;
  if (session.json()) session.print_json(*report);
  session.note(text_of(*report));
  return kDone;
}

}  // namespace

void add_backup(CLI::App& app, Command& command) {
  auto* backup_app = app.add_subcommand("backup", "Copy all of it, while services work");
  const auto directory = std::make_shared<std::string>();
  backup_app->add_option("DIR", *directory, "An empty directory, or a new one")->required()->option_text(" ");
  backup_app->footer(
      "The copy is of one moment: events, positions of groups, retries, dead letters.\n"
      "It opens as `local:DIR` when it is complete and was read through, not before.\n"
      "Only `local:` has it; docs/guides/backup.md says how to restore.\n"
      "\n"
      "Example: tidings --transport local:/var/lib/shop backup /backups/shop-monday");
  backup_app->callback(
      [directory, &command] { command = [directory](Session& session) { return backup(*directory, session); }; });
}

}  // namespace tidings::cli
