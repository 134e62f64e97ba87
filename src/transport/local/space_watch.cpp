#include "transport/local/space_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "transport/local/limits.hpp"
#include "transport/local/subscriptions.hpp"

namespace tidings::local {

namespace {

// How often the free pages are counted at most, while there is little room.
constexpr Duration kLookEvery = 200ms;

std::string remedy(WriteTransaction& transaction) {
  const auto slowest = slowest_group(transaction);
  if (!slowest) return "no group reads it: shorten the topics' retention, or raise size_max";
  return fmt::format(
      "the slowest group is '{}': let it catch up, remove it (`tidings groups remove`), or raise size_max", *slowest);
}

}  // namespace

std::uint64_t bytes_used(ReadTransaction& transaction) {
  const Environment& environment = transaction.environment();
  const std::uint64_t high = environment.pages_high();
  return (high - std::min(transaction.free_pages(), high)) * environment.page_bytes();
}

Result<void> SpaceWatch::room_for(WriteTransaction& transaction, std::size_t bytes, Time now) {
  if (bytes > room_ && now - looked_ >= kLookEvery) look(transaction, now);
  if (bytes <= room_) {
    room_ -= bytes;
    return {};
  }
  if (remedy_.empty()) {
    remedy_ = remedy(transaction);
    refused_ = true;
  }
  return overloaded(fmt::format("the store is at its size_max of {} bytes; {}", size_max_, remedy_));
}

bool SpaceWatch::take_refused() {
  return std::exchange(refused_, false);
}

void SpaceWatch::look(WriteTransaction& transaction, Time now) {
  looked_ = now;
  remedy_.clear();
  Environment& environment = transaction.environment();
  std::uint64_t used = environment.pages_high() * environment.page_bytes();
  if (used >= size_max_) {
    environment.check_readers();  // a dead one would keep freed pages from being reused
    ReadTransaction reader{environment};
    used = bytes_used(reader);
  }
  room_ = used < size_max_ ? size_max_ - used : 0;
}

}  // namespace tidings::local
