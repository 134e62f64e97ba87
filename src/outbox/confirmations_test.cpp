// P9: what waits to be written down as confirmed is bounded; what is beyond costs a repetition, no event.
#include "outbox/confirmations.hpp"

#include <gtest/gtest.h>

namespace tidings::detail {
namespace {

TEST(Confirmations, KeepSoManyAndDropTheNewest) {
  constexpr int kMost = 100'000;
  Confirmations confirmations{thread_executor()};
  for (int i = 0; i < kMost + 10; ++i) confirmations.add({.group = "g", .event_id = std::to_string(i)});
  std::vector<MarkKey> last;
  int count = 0;
  for (auto keys = confirmations.take(Confirmations::Waiting::no); !keys.empty();
       keys = confirmations.take(Confirmations::Waiting::no)) {
    count += static_cast<int>(keys.size());
    last = std::move(keys);
  }
  EXPECT_EQ(count, kMost);
  EXPECT_EQ(last.back().event_id, std::to_string(kMost - 1));
}

}  // namespace
}  // namespace tidings::detail
