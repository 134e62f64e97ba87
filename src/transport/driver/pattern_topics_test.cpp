// Design section 1, "pattern".
#include "transport/driver/pattern_topics.hpp"

#include <gmock/gmock.h>

#include <array>

namespace tidings::transport {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::array<KnownTopic, 6> kTopics{{{"orders", false},
                                         {"payments", false},
                                         {"foreign", false},
                                         {"emails", true},
                                         {"__retry", false},
                                         {"orders.dlq", false}}};
const std::array<PublishedType, 4> kPublished{{{"OrderCreated", "orders"},
                                               {"PAYMENT_COMPLETED", "payments"},
                                               {"OrderEmail", "emails"},
                                               {"OrderLost", "orders.dlq"}}};

std::set<std::string> read_by(std::string_view pattern, const std::vector<std::string>& extra = {}) {
  return pattern_topics(pattern, extra, kTopics, kPublished);
}

TEST(PatternTopics, AreThoseOfDeclaredTypesThatMatch) {
  EXPECT_THAT(read_by("order.*"), ElementsAre("orders"));
  EXPECT_THAT(read_by("*.completed"), ElementsAre("payments"));
  EXPECT_THAT(read_by("shipment.#"), IsEmpty());
}

TEST(PatternTopics, AreAllButInternalOnesAndCommandsForHash) {
  EXPECT_THAT(read_by("#"), ElementsAre("foreign", "orders", "payments"));
}

TEST(PatternTopics, IncludeTheListedOnesThatExist) {
  EXPECT_THAT(read_by("order.*", {"foreign", "unknown"}), ElementsAre("foreign", "orders"));
}

TEST(PatternTopics, NeverIncludeCommandsEvenWhenListed) {
  EXPECT_THAT(read_by("order.*", {"emails", "__retry"}), ElementsAre("orders"));
}

TEST(PatternTopics, FindThePublishedTypeInItsControlKey) {
  const auto key = published_key({.type = "OrderCreated", .topic = "orders/eu"});
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, "published/OrderCreated/orders/eu");
  const auto published = published_from_key(*key);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->type, "OrderCreated");
  EXPECT_EQ(published->topic, "orders/eu");
}

TEST(PatternTopics, RefuseKeysThatAreNone) {
  EXPECT_FALSE(published_key({.type = "Order/Created", .topic = "orders"}));
  EXPECT_FALSE(published_key({.type = "OrderCreated", .topic = ""}));
  EXPECT_FALSE(published_key({.type = "OrderCreated", .topic = std::string(kControlKeyMax, 'x')}));
  EXPECT_FALSE(published_from_key("pauses/orders"));
  EXPECT_FALSE(published_from_key("published/OrderCreated"));
  EXPECT_FALSE(published_from_key("published//orders"));
}

}  // namespace
}  // namespace tidings::transport
