#include "tools/tidings/database_findings.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <string_view>

#include "operate/moment.hpp"

namespace tidings::cli {

namespace {

using operate::Finding;
using operate::Level;

constexpr std::string_view kCheck = "database";

Finding failed(const std::string& path, std::string_view what, std::string remedy) {
  return {.level = Level::fail,
          .check = std::string{kCheck},
          .what = fmt::format("{}: {}", path, what),
          .remedy = std::move(remedy)};
}

// An inbox's or outbox's database is in WAL mode: opening any other one as ours would change it.
bool may_be_ours(std::ifstream& file) {
  constexpr std::string_view kMagic{"SQLite format 3\0", 16};
  constexpr std::size_t kWriteVersion = 18;
  constexpr char kWal = 2;
  std::array<char, 100> header{};
  file.read(header.data(), header.size());
  return file.gcount() == static_cast<std::streamsize>(header.size()) &&
         std::string_view{header.data(), kMagic.size()} == kMagic && header[kWriteVersion] == kWal;
}

Result<SqliteStoreReport> report_of(const std::string& path, const std::shared_ptr<Executor>& executor) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return invalid("it cannot be opened");
  if (!may_be_ours(file)) return invalid("it is no SQLite database of an inbox or outbox");
  auto database = Sqlite::open(path, {}, executor);
  if (!database) return database.error();
  const auto ours = database->value<int>("SELECT count(*) FROM sqlite_master WHERE name = 'tidings_meta'");
  if (!ours) return ours.error();
  if (ours->value_or(0) == 0) return invalid("it has no tables of an inbox or outbox");
  return check_sqlite_store(*database);
}

}  // namespace

std::vector<Finding> look_at_database(const std::string& path, const std::shared_ptr<Executor>& executor) {
  const auto report = report_of(path, executor);
  if (report) return judge_database(path, *report, executor->now());
  return {failed(path, report.error().message,
                 report.error().kind == ErrorKind::invalid ? "give the path that the service opens, as its user"
                                                           : "see who holds or writes it, and the disk below it")};
}

std::vector<Finding> judge_database(const std::string& path, const SqliteStoreReport& report, Time now) {
  std::vector<Finding> findings{
      {.level = Level::ok,
       .check = std::string{kCheck},
       .what = fmt::format("{}: {} marks of handled events, {} with outputs to confirm; {} events to send", path,
                           report.marks, report.unconfirmed, report.unsent)}};
  if (report.oldest_unsent && now - *report.oldest_unsent > kUnsentWarn) {
    findings.push_back({.level = Level::warn,
                        .check = "outbox",
                        .what = fmt::format("{}: {} events wait for the relay, the oldest for {}", path, report.unsent,
                                            operate::age_text(now - *report.oldest_unsent)),
                        .remedy = "start the service that runs its relay, or see in its log why it does not send"});
  }
  if (report.refused > 0) {
    findings.push_back({.level = Level::warn,
                        .check = "outbox",
                        .what = fmt::format("{}: {} events were refused at the last try: {}", path, report.refused,
                                            report.refused_error),
                        .remedy = "mend what it says; they are tried again for ever, and those of their keys wait"});
  }
  return findings;
}

}  // namespace tidings::cli
