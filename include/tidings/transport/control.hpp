// Small durable records of a deployment, visible to all its instances: pause flags, key holds, replay jobs, audit
// lines, heartbeats, published types.
//
// Threads: any. Blocks: on the store or the broker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/result.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

struct ControlRecord {
  std::string key;  // `<kind>/<name>`, e.g. `published/OrderCreated`
  std::string value;
  std::uint64_t version = 0;    // rises with each change of the key; never 0
  std::optional<Time> expires;  // not listed and not returned after that
};

struct PutOptions {
  // Only when the key's version is this; 0: only when it is not there. Otherwise `conflict`.
  std::optional<std::uint64_t> expected;
  std::optional<Time> expires;
};

inline constexpr std::size_t kControlKeyMax = 256;
inline constexpr std::size_t kControlValueMax = 64u << 10;  // larger is `invalid`

class Control {
 public:
  virtual ~Control() = default;

  // Returns the new version. A null value erases the key (version: of the erasure).
  virtual Result<std::uint64_t> put(std::string_view key, std::optional<std::string_view> value,
                                    const PutOptions& options) = 0;
  virtual Result<std::optional<ControlRecord>> get(std::string_view key) = 0;
  // All keys that begin with `prefix`, in order.
  virtual Result<std::vector<ControlRecord>> list(std::string_view prefix) = 0;
  // Waits until anything changes after `seen` (0: return the present one at once), or the deadline; returns the number
  // of the latest change, which is never 0. Expiry is not a change.
  virtual Result<std::uint64_t> watch(std::uint64_t seen, Time deadline) = 0;
};

}  // namespace tidings::transport

#pragma GCC visibility pop
