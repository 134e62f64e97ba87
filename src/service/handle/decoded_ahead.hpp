// Deliveries that the receiver decoded before their turn came, by token.
//
// Bounded by what is in flight. Threads: any.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "service/records/decoder.hpp"

namespace tidings::service {

class DecodedAhead final {
 public:
  void put(std::uint64_t token, Decoded decoded) {
    const std::lock_guard lock{mutex_};
    decoded_.insert_or_assign(token, std::move(decoded));
  }
  std::optional<Decoded> take(std::uint64_t token) {
    const std::lock_guard lock{mutex_};
    auto node = decoded_.extract(token);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }
  void drop(const std::vector<transport::Delivery>& deliveries) {
    const std::lock_guard lock{mutex_};
    for (const transport::Delivery& delivery : deliveries) decoded_.erase(delivery.token);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Decoded> decoded_;
};

}  // namespace tidings::service
