#include <fmt/format.h>

#include "operate/display.hpp"
#include "operate/doctor.hpp"
#include "operate/place_findings.hpp"
#include "tools/tidings/commands.hpp"
#include "tools/tidings/database_findings.hpp"

namespace tidings::cli {

namespace {

using operate::Diagnosis;
using operate::Finding;
using operate::Level;

struct Look {
  const char* word;
  const char* colour;
};

Look look_of(Level level) {
  switch (level) {
    case Level::ok:
      return {"ok", "\x1b[32m"};
    case Level::warn:
      return {"warn", "\x1b[33m"};
    case Level::fail:
      return {"fail", "\x1b[31m"};
  }
  return {"", ""};
}

enum class Colour { off, on };

std::string text_of(const Finding& finding, Colour colour) {
  const Look look = look_of(finding.level);
  std::string word = fmt::format("{:<6}", look.word);
  if (colour == Colour::on) word = look.colour + word + "\x1b[0m";
  std::string text = fmt::format("{}{}: {}\n", word, finding.check, operate::printable(finding.what));
  if (!finding.remedy.empty()) text += fmt::format("      {}\n", operate::printable(finding.remedy));
  return text;
}

void print(const Diagnosis& diagnosis, Session& session) {
  if (session.json()) return session.print_json(diagnosis);
  const bool coloured = session.around().out_is_terminal && !session.around().environment("NO_COLOR");
  for (const Finding& finding : diagnosis.findings) {
    session.print(text_of(finding, coloured ? Colour::on : Colour::off));
  }
}

using Paths = std::vector<std::string>;

void add_databases(const Paths& paths, Session& session, Diagnosis& diagnosis) {
  for (const std::string& path : paths) {
    for (Finding& finding : look_at_database(path, session.around().executor))
      diagnosis.findings.push_back(std::move(finding));
  }
}

// What can be said without the transport.
int report_unreachable(Diagnosis diagnosis, const Paths& databases, Session& session) {
  add_databases(databases, session, diagnosis);
  print(diagnosis, session);
  return kUnavailable;
}

int doctor(const Paths& databases, Session& session) {
  const auto chosen = session.choose_url();
  if (!chosen) return session.usage(chosen.error());
  const auto url = transport::parse_url(chosen->text);
  if (!url) return session.usage(url.error());
  const auto place = session.around().examine(chosen->text);
  const auto unreachable = [&](const Error& error) {
    return report_unreachable(operate::unreachable(*url, place.value_or(transport::Place{}), error), databases,
                              session);
  };
  if (!place) return unreachable(place.error());
  if (const auto shared = operate::expect_shared(*url, *place); !shared) return session.usage(shared.error());
  if (const auto there = operate::expect_deployed(*url, *place); !there) return unreachable(there.error());
  const auto whole = place->verify ? place->verify() : Result<void>{};
  if (!whole) return unreachable(whole.error());
  const auto transport = session.around().open(chosen->text, session.around().executor);
  if (!transport) return unreachable(transport.error());
  Diagnosis diagnosis = operate::examine(**transport, *session.around().executor, *place, {});
  add_databases(databases, session, diagnosis);
  print(diagnosis, session);
  return operate::worst(diagnosis) == Level::fail ? kFailed : kDone;
}

}  // namespace

void add_doctor(CLI::App& app, Command& command) {
  auto* doctor_app = app.add_subcommand("doctor", "Say what is wrong, and how to repair it");
  const auto databases = std::make_shared<Paths>();
  doctor_app
      ->add_option("--database", *databases,
                   "SQLite file of a service's inbox or outbox; may be\n"
                   "given several times")
      ->option_text("FILE")
      ->allow_extra_args(false);
  doctor_app->footer(
      "Looks at reachability, permissions, room, members and dead letters, and in the\n"
      "databases at what waits for a relay; changes nothing. A local store it reads\n"
      "through first, all of it, which takes its time. Exit code 1 when a check fails,\n"
      "3 when the store is damaged or the transport cannot be reached.\n"
      "\n"
      "Example: tidings --transport local:/var/lib/shop doctor \\\n"
      "           --database /var/lib/shop/order.db");
  doctor_app->callback(
      [databases, &command] { command = [databases](Session& session) { return doctor(*databases, session); }; });
}

}  // namespace tidings::cli
