// The Control records of a deployment.
//
// Pure. Threads: the caller serialises.
#pragma once

#include <map>

#include "tidings/transport/control.hpp"

namespace tidings::memory {

class MemoryControl final {
 public:
  Result<std::uint64_t> put(std::string_view key, std::optional<std::string_view> value,
                            const transport::PutOptions& options, Time now);
  std::optional<transport::ControlRecord> get(std::string_view key, Time now) const;
  std::vector<transport::ControlRecord> list(std::string_view prefix, Time now) const;

  // The number of the latest change; 1 before the first, so that it is never 0.
  std::uint64_t last_change() const { return last_change_; }

 private:
  void forget_expired(Time now);

  std::map<std::string, transport::ControlRecord, std::less<>> records_;
  Time next_expiry_ = kNever;  // none expires before it
  std::uint64_t last_change_ = 1;
};

}  // namespace tidings::memory
