// The directory of a run: emptied for a fresh one, checked for one that carries on. Never empties what is not ours.
//
// Format: a file `shop.run` with a line `seed N` and a line `orders N`; what lies beside it belongs to the run.
#pragma once

#include <cstdint>
#include <string>

#include "tidings/result.hpp"

namespace shop {

struct RunPlan {
  std::uint64_t seed = 0;
  std::size_t orders = 0;

  friend bool operator==(const RunPlan&, const RunPlan&) = default;
};

// invalid: the directory holds something else, which we do not delete.
tidings::Result<void> begin_run(const std::string& directory, const RunPlan& plan);

// Returns how the run was begun. invalid: there is none.
tidings::Result<RunPlan> last_run(const std::string& directory);

// Replaces the plan of a run that carries on.
tidings::Result<void> note_plan(const std::string& directory, const RunPlan& plan);

}  // namespace shop
