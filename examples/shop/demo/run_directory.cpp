#include "run_directory.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace shop {

using tidings::Result;
namespace fs = std::filesystem;

namespace {

fs::path plan_file(const std::string& directory) {
  return fs::path{directory} / "shop.run";
}

}  // namespace

Result<void> begin_run(const std::string& directory, const RunPlan& plan) {
  std::error_code error;
  const bool something = fs::exists(directory, error) && !fs::is_empty(directory, error);
  if (error) return tidings::unavailable(fmt::format("cannot look into {}: {}", directory, error.message()));
  if (something && !fs::exists(plan_file(directory), error))
    return tidings::invalid(
        fmt::format("{} holds something that is no run of the shop, and is not deleted; give --dir "
                    "another directory",
                    directory));
  fs::remove_all(directory, error);
  if (error) return tidings::unavailable(fmt::format("cannot empty {}: {}", directory, error.message()));
  fs::create_directories(fs::path{directory} / "logs", error);
  if (error) return tidings::unavailable(fmt::format("cannot create {}: {}", directory, error.message()));
  return note_plan(directory, plan);
}

Result<RunPlan> last_run(const std::string& directory) {
  std::ifstream file{plan_file(directory)};
  RunPlan plan;
  std::string seed_word, orders_word;
  if (file >> seed_word >> plan.seed >> orders_word >> plan.orders && seed_word == "seed" && orders_word == "orders")
    return plan;
  return tidings::invalid(fmt::format("there is no run to carry on in {}; leave --keep out to begin one", directory));
}

Result<void> note_plan(const std::string& directory, const RunPlan& plan) {
  std::ofstream file{plan_file(directory)};
  file << fmt::format("seed {}\norders {}\n", plan.seed, plan.orders);
  file.close();
  if (file) return {};
  return tidings::unavailable(fmt::format("cannot write {}", plan_file(directory).string()));
}

}  // namespace shop
