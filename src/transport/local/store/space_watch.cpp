#include "transport/local/store/space_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "transport/local/storage/limits.hpp"
#include "transport/local/tables/subscriptions.hpp"

namespace tidings::local {

namespace {

// How often it looks at most, while there is not room enough.
constexpr Duration kLookEvery = 200ms;

// So much is given away at most between two looks, for records take more than their bytes, and others fill the store
// too: dead letters, retries, other processes. What they take unseen is the reserve's.
std::uint64_t room_at_once(std::uint64_t size_max) {
  constexpr std::uint64_t kParts = 512;
  return std::max(kRoomAtOnceLeast, size_max / kParts);
}

std::string remedy(WriteTransaction& transaction) {
  const auto slowest = slowest_group(transaction);
  if (!slowest) return "no group reads it: let topics keep less (`tidings topics set`), or raise size_max";
  return fmt::format(
      "the slowest group is '{}': let it catch up, remove it (`tidings groups remove`), or raise size_max", *slowest);
}

}  // namespace

std::uint64_t bytes_used(ReadTransaction& transaction) {
  const Environment& environment = transaction.environment();
  const std::uint64_t high = environment.pages_high();
  return (high - std::min(transaction.free_pages(), high)) * environment.page_bytes();
}

Result<void> SpaceWatch::room_for(WriteTransaction& transaction, Room room, std::size_t bytes, Time now) {
  const bool refuses = !remedy_.empty();
  std::uint64_t& left = room == Room::outputs ? outputs_room_ : room_;
  if (bytes > left && (!refuses || now - looked_ >= kLookEvery)) look(transaction, bytes, now);
  if (bytes <= left) {
    room_ -= std::min<std::uint64_t>(bytes, room_);
    outputs_room_ -= std::min<std::uint64_t>(bytes, outputs_room_);
    given_ += bytes;
    return {};
  }
  if (remedy_.empty()) {
    remedy_ = remedy(transaction) + transaction.environment().why_full();
    refused_ = true;
  }
  return overloaded(fmt::format("the store has no room for {} bytes more below its size_max of {} bytes; {}", bytes,
                                size_max_, remedy_));
}

bool SpaceWatch::take_refused() {
  return std::exchange(refused_, false);
}

void SpaceWatch::look(WriteTransaction& transaction, std::size_t bytes, Time now) {
  looked_ = now;
  remedy_.clear();
  Environment& environment = transaction.environment();
  std::uint64_t used = environment.pages_high() * environment.page_bytes() + given_;
  if (used + bytes > size_max_) {
    environment.check_readers();  // a dead one would keep freed pages from being reused
    ReadTransaction reader{environment};
    used -= std::min(used, reader.reusable_pages() * environment.page_bytes());
  }
  const auto left_below = [&](std::uint64_t max) {
    return std::min(max - std::min(used, max), std::max<std::uint64_t>(bytes, room_at_once(size_max_)));
  };
  room_ = left_below(size_max_);
  outputs_room_ = left_below(outputs_max_of(size_max_));
}

}  // namespace tidings::local
