// Dead letters as people see them.
#pragma once

#include <string>

#include "operate/dead.hpp"
#include "tools/tidings/session.hpp"
#include "tools/tidings/table.hpp"

namespace tidings::cli {

Table dead_table(const operate::DeadPage& page, Time now);

// Everything, ending with the command that replays it.
std::string dead_text(const operate::DeadDetail& letter, Time now, const ChosenUrl& url);

}  // namespace tidings::cli
