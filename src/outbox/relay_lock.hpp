// Which process relays a store: whoever holds a lock on a file beside it. The kernel frees it when the holder dies.
#pragma once

#include <string>

#include "tidings/result.hpp"

namespace tidings::detail {

class RelayLock final {
 public:
  explicit RelayLock(std::string path) : path_{std::move(path)} {}
  ~RelayLock();
  RelayLock(const RelayLock&) = delete;
  RelayLock& operator=(const RelayLock&) = delete;

  // False: somebody else holds it. Never blocks.
  Result<bool> try_take();
  void give_up();

 private:
  const std::string path_;
  int file_ = -1;
};

}  // namespace tidings::detail
