#include <string>

#include "outbox/store.hpp"
#include "tidings/sqlite.hpp"

namespace tidings {

namespace {

std::optional<Time> to_time(std::optional<std::int64_t> micros) {
  if (!micros) return std::nullopt;
  return Time{Duration{*micros}};
}

}  // namespace

Result<SqliteStoreReport> check_sqlite_store(Sqlite& database) {
  SqliteStoreReport report;
  auto id = detail::ensure_store(*database.connection());
  if (!id) return id.error();
  report.store_id = std::move(*id);
  auto read = database.query(
      [&](const SqliteRow& row) {
        report.format = row.get<int>(0);
        report.marks = row.get<std::uint64_t>(1);
        report.unconfirmed = row.get<std::uint64_t>(2);
        report.oldest_unconfirmed = to_time(row.get<std::optional<std::int64_t>>(3));
        report.unsent = row.get<std::uint64_t>(4);
        report.oldest_unsent = to_time(row.get<std::optional<std::int64_t>>(5));
        report.refused = row.get<std::uint64_t>(6);
        report.refused_error = row.get<std::string>(7);
      },
      "SELECT (SELECT value FROM tidings_meta WHERE name = 'format'), (SELECT count(*) FROM tidings_inbox), "
      "(SELECT count(*) FROM tidings_outputs), "
      "(SELECT time FROM tidings_inbox WHERE mark = (SELECT min(mark) FROM tidings_outputs)), "
      "(SELECT count(*) FROM tidings_outbox), (SELECT time FROM tidings_outbox ORDER BY sequence LIMIT 1), "
      "(SELECT count(refused) FROM tidings_outbox), "
      "(SELECT refused FROM tidings_outbox WHERE refused IS NOT NULL ORDER BY sequence LIMIT 1)");
  if (!read) return read.error();
  return report;
}

}  // namespace tidings
