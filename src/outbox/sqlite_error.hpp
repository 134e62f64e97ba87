// What SQLite's result codes ask of the caller.
#pragma once

#include <string_view>

#include "tidings/result.hpp"

struct sqlite3;

namespace tidings::detail {

ErrorKind kind_of_sqlite(int code);

// `doing` completes "SQLite could not ...": "run `INSERT ...`", "open /x/orders.db".
Error sqlite_error(sqlite3* handle, int code, std::string_view doing);

}  // namespace tidings::detail
