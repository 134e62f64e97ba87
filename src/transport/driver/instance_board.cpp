#include "transport/driver/instance_board.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fnv1a.hpp"
#include "transport/driver/delivery_token.hpp"

namespace tidings::transport {

namespace {

constexpr const char* kMemoryFiles = "/dev/shm";
constexpr std::size_t kNameMax = 100;  // of what a person may read of a file's name

bool is_ours_alone(const std::string& directory) {
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0) return false;
  return S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

std::optional<std::set<std::int64_t>> places_on(RunningBoard* board, std::uint64_t id, std::uint64_t slot) {
  if (board == nullptr || board->slots().empty() || id == 0 || board->slots().front() != id) return std::nullopt;
  std::set<std::int64_t> places;
  for (const auto& entry : board->slots().subspan(1)) {
    const std::uint64_t token = entry.load(std::memory_order_acquire);
    if (token != 0 && slot_of(token) == slot) places.insert(place_of(token));
  }
  return places;
}

}  // namespace

std::unique_ptr<InstanceBoard> InstanceBoard::take_over(const std::string& path, std::uint64_t id,
                                                        std::size_t running_max, std::size_t suspects_max) {
  const std::size_t slots = kHead + running_max + suspects_max;
  if (path.empty() || running_max == 0 || slots > kBoardSlotsMax) return nullptr;
  auto left = RunningBoard::open(path);
  auto board = RunningBoard::create(path, slots);
  if (!board) return nullptr;
  return std::unique_ptr<InstanceBoard>{new InstanceBoard{path, id, running_max, std::move(left), *std::move(board)}};
}

InstanceBoard::InstanceBoard(std::string path, std::uint64_t id, std::size_t running_max,
                             std::unique_ptr<RunningBoard> left, std::unique_ptr<RunningBoard> board)
    : path_{std::move(path)}, id_{id}, running_max_{running_max}, left_{std::move(left)}, board_{std::move(board)} {
  board_->slots().front() = id_;
}

std::optional<std::set<std::int64_t>> InstanceBoard::left_by(std::uint64_t id, std::uint64_t slot) const {
  return places_on(left_.get(), id, slot);
}

bool InstanceBoard::put_suspects(std::uint64_t slot, const std::set<std::int64_t>& places) {
  const std::lock_guard lock{mutex_};
  const auto all = suspects();
  const auto room = std::ranges::count_if(all, [](const auto& entry) { return entry.load() == 0; });
  if (static_cast<std::size_t>(room) < places.size()) return false;
  auto entry = all.begin();
  for (const std::int64_t place : places) {
    while (entry->load() != 0) ++entry;
    entry->store(token_of(slot, place), std::memory_order_release);
  }
  return true;
}

void InstanceBoard::remove_suspect(std::uint64_t slot, std::int64_t place) {
  const std::lock_guard lock{mutex_};
  for (auto& entry : suspects()) {
    if (entry.load() == token_of(slot, place)) entry.store(0, std::memory_order_release);
  }
}

void InstanceBoard::remove_slot(std::uint64_t slot) {
  const std::lock_guard lock{mutex_};
  for (auto& entry : suspects()) {
    if (entry.load() != 0 && slot_of(entry.load()) == slot) entry.store(0, std::memory_order_release);
  }
}

// Another process of that name may have made its own by now.
void InstanceBoard::remove() {
  forget_board(path_, id_);
}

std::optional<std::set<std::int64_t>> left_on_board(const std::string& path, std::uint64_t id, std::uint64_t slot) {
  if (path.empty()) return std::nullopt;
  return places_on(RunningBoard::open(path).get(), id, slot);
}

void forget_board(const std::string& path, std::uint64_t id) {
  const auto there = RunningBoard::open(path);
  if (there == nullptr || there->slots().empty() || there->slots().front() != id) return;
  remove_board(path);
}

std::string board_path(std::string_view deployment, std::string_view group, std::string_view instance) {
  const std::string directory = fmt::format("{}/tidings-{}", kMemoryFiles, ::geteuid());
  ::mkdir(directory.c_str(), 0700);
  if (!is_ours_alone(directory)) return {};
  const std::string whole = fmt::format("{}\n{}\n{}", deployment, group, instance);
  std::string name = fmt::format("{}.{}", group, instance).substr(0, kNameMax);
  std::ranges::replace_if(
      name, [](char c) { return c == '/' || static_cast<unsigned char>(c) < ' '; }, '_');
  return fmt::format("{}/{}-{:016x}.board", directory, name, fnv1a(whole));
}

}  // namespace tidings::transport
