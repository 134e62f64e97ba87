// The commands: each function adds its options and help to the application, and sets `command` when it was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "tidings/names.hpp"
#include "tools/tidings/session.hpp"

namespace tidings::cli {

// Runs the chosen command; returns the exit code.
using Command = std::function<int(Session&)>;

void add_publish(CLI::App& app, Command& command);
void add_tail(CLI::App& app, Command& command);
void add_topics(CLI::App& app, Command& command);
void add_repartition(CLI::App& topics_app, Command& command);
void add_topology(CLI::App& app, Command& command);  // groups, lag
void add_dead(CLI::App& app, Command& command);
void add_replay(CLI::App& app, Command& command);
void add_doctor(CLI::App& app, Command& command);
void add_backup(CLI::App& app, Command& command);
void add_bench(CLI::App& app, Command& command);
void add_init(CLI::App& app, Command& command);
void add_completion(CLI::App& app, Command& command);
void add_dev(CLI::App& app, Command& command);

}  // namespace tidings::cli
