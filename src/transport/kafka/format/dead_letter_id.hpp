// The name of a dead letter: when it was buried, and where it lies. Sorts by that time.
//
// Wire:    docs/wire.md, "Dead letters and retries".
// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tidings/names.hpp"

namespace tidings::kafka {

struct DeadLetterId {
  Time buried{};
  std::string topic;  // of the original, in our words
  std::int32_t partition = 0;
  std::int64_t offset = 0;  // in the topic of its dead letters

  friend bool operator==(const DeadLetterId&, const DeadLetterId&) = default;
};

std::string text_of(const DeadLetterId& id);
std::optional<DeadLetterId> dead_letter_id(std::string_view text);

}  // namespace tidings::kafka
