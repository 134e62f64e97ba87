#include "transport/kafka/format/consumer_protocol.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

// Version 1, two topics, and no user data.
constexpr std::string_view kTwoTopics{
    "\0\1\0\0\0\2"
    "\0\1a\0\0\0\2\0\0\0\0\0\0\1\2"
    "\0\2bc\0\0\0\1\0\0\0\7"
    "\xff\xff\xff\xff",
    6 + 15 + 12 + 4};

TEST(ConsumerProtocol, ReadsWhatAMemberWasAssigned) {
  EXPECT_THAT(read_assignment(kTwoTopics),
              Optional(ElementsAre(AssignedTopic{"a", {0, 258}}, AssignedTopic{"bc", {7}})));
  EXPECT_THAT(read_assignment(""), Optional(IsEmpty())) << "while its group is put together";
}

TEST(ConsumerProtocol, TakesNothingThatIsCutOff) {
  for (std::size_t size = 1; size < kTwoTopics.size() - 4; ++size) {
    EXPECT_FALSE(read_assignment(kTwoTopics.substr(0, size))) << size;
  }
  EXPECT_FALSE(read_assignment("\xff\xff\0\0\0\0")) << "no version";
}

TEST(ConsumerProtocol, KnowsANameByAMembersId) {
  const std::string uuid = "-01234567-89ab-cdef-0123-456789abcdef";
  EXPECT_EQ(static_id_of("orders.shop-1" + uuid, "shop-1"), "orders.shop-1");
  EXPECT_EQ(static_id_of("shop-1" + uuid, "shop-1"), "") << "a member without a name";
  EXPECT_EQ(static_id_of("", "shop-1"), "");
}

}  // namespace
}  // namespace tidings::kafka
