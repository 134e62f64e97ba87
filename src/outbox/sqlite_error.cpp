#include "outbox/sqlite_error.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace tidings::detail {

namespace {

std::string_view remedy(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "; make room on the disk, then try again";
    case SQLITE_BUSY:
      return "; another writer held the database too long: try again, or raise SqliteOptions::busy_timeout";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; keep the file and restore a backup";
    case SQLITE_CANTOPEN:
      return "; check that its directory exists and may be written";
    case SQLITE_READONLY:
      return "; check the permissions of the file and its directory";
    default:
      return "";
  }
}

}  // namespace

ErrorKind kind_of_sqlite(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return ErrorKind::overloaded;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::corrupt;
    case SQLITE_CONSTRAINT:
      return ErrorKind::conflict;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
    case SQLITE_AUTH:
      return ErrorKind::invalid;
    default:
      return ErrorKind::unavailable;
  }
}

Error sqlite_error(sqlite3* handle, int code, std::string_view doing) {
  const char* said = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  return {kind_of_sqlite(code), fmt::format("SQLite could not {}: {}{}", doing, said, remedy(code))};
}

}  // namespace tidings::detail
