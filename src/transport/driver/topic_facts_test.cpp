#include "transport/driver/topic_facts.hpp"

#include <gmock/gmock.h>

namespace tidings::transport {
namespace {

TopicFact again(const TopicFact& fact) {
  return topic_fact({.key = "topic/orders", .value = text_of(fact), .version = fact.version});
}

TEST(TopicFact, ReadsBackWhatItWrote) {
  const TopicFact fact{.command = true,
                       .partitions = 4,
                       .retention = {.age = std::chrono::hours{1}, .bytes = 7},
                       .generation = 3,
                       .next = 8,
                       .last = 2,
                       .version = 9};
  EXPECT_EQ(again(fact), fact);
}

// As it always was.
TEST(TopicFact, OfATopicWhosePartitionsWereNeverChangedSaysNothingOfThat) {
  EXPECT_EQ(text_of({.partitions = 4}), "partitions=4\n");
  EXPECT_EQ(topic_fact({.key = "topic/orders", .value = "partitions=4\n", .version = 1}).generation, 0u);
}

}  // namespace
}  // namespace tidings::transport
