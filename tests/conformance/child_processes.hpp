// The processes of a fixture, as real ones with real signals, for every transport that several processes can open.
//
// Threads: the test's.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "tests/conformance/fixture.hpp"
#include "tests/support/child_process.hpp"

namespace tidings::conformance {

using Environment = std::map<std::string, std::string>;

// How to start a process of the suite that opens `url`, carries out the plan, and says `carried out`.
testing::ChildSpec victim_process(const std::string& url, const VictimPlan& plan);

// Starts conformance_process; what a transport needs besides its URL (points to die at, say) goes into its environment.
// As the functions of Fixture that have these names.
Result<std::unique_ptr<Victim>> start_victim(const std::string& url, const VictimPlan& plan);
Result<std::unique_ptr<WorkerProcess>> start_worker(const std::string& url, const std::filesystem::path& directory,
                                                    const WorkerPlan& plan, Environment environment);
Result<std::unique_ptr<WorkerProcess>> start_feeder(const std::string& url, const std::filesystem::path& directory,
                                                    const FeederPlan& plan, Environment environment);

}  // namespace tidings::conformance
