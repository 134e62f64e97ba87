// What is in order in a SQLite database with an inbox or an outbox, and what is not. Changes nothing in it.
//
// Blocks: on the database; for a full count, seconds at millions of marks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operate/findings.hpp"
#include "tidings/executor.hpp"
#include "tidings/sqlite.hpp"

namespace tidings::cli {

// An event of the outbox that waits longer has no relay that could send it.
inline constexpr Duration kUnsentWarn = std::chrono::minutes{1};

std::vector<operate::Finding> look_at_database(const std::string& path, const std::shared_ptr<Executor>& executor);

// The judgement alone. Pure.
std::vector<operate::Finding> judge_database(const std::string& path, const SqliteStoreReport& report, Time now);

}  // namespace tidings::cli
