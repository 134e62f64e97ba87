// How far a run is, by what the transport says of topics and groups.
//
// Pure. Counts what is durable, so kills and restarts of services do not set it back.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "groups.hpp"
#include "orders_file.hpp"
#include "tidings/transport/operator.hpp"

namespace shop {

struct GroupProgress {
  std::int64_t handled = 0;  // settled for good: accepted, skipped or dead
  std::int64_t lag = 0;      // published and not settled
  std::int64_t dead = 0;
};

struct Progress {
  std::array<GroupProgress, kServices.size()> groups;  // as in kServices

  std::int64_t handled() const;
  std::int64_t lag() const;
};

// A group that has not joined yet has everything of its topics before it.
Progress measure(std::span<const tidings::transport::TopicState> topics,
                 std::span<const tidings::transport::LagState> lag);

// How many deliveries a whole run settles over all groups, malformed events aside.
std::int64_t deliveries_of(std::span<const Purchase> purchases);

}  // namespace shop
