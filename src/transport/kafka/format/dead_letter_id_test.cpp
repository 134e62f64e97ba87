#include "transport/kafka/format/dead_letter_id.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

TEST(DeadLetterId, IsReadBack) {
  const DeadLetterId id{Time{std::chrono::microseconds{0x6553f1000}}, "a-topic-7", 3, 42};
  EXPECT_EQ(text_of(id), "00000006553f1000-a-topic-7-3-42");
  EXPECT_EQ(dead_letter_id(text_of(id)), id);
}

TEST(DeadLetterId, SortsByTime) {
  EXPECT_LT(text_of({Time{std::chrono::hours{9}}, "z", 9, 9}), text_of({Time{std::chrono::hours{10}}, "a", 0, 0}));
}

TEST(DeadLetterId, IsNoOtherText) {
  for (const char* text : {"", "no such id", "00000006553f1000--3-42", "00000006553f1000-a-3", "x0000006553f1000-a-3-4",
                           "00000006553f1000-a-3-x"}) {
    EXPECT_FALSE(dead_letter_id(text)) << text;
  }
}

}  // namespace
}  // namespace tidings::kafka
