#include "transport/kafka/control/catalog.hpp"

#include <gmock/gmock.h>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {
namespace {

bool is_taken(const std::string& prefix, const std::string& name) {
  return static_cast<bool>(check_kafka_name(TopicNames{prefix}, "topic", name));
}

TEST(KafkaNamesTest, AreThoseThatKafkaTakes) {
  for (const char* name : {"orders", "Orders-2.all_of_them", "...", "-"}) EXPECT_TRUE(is_taken("", name)) << name;
  for (const char* name : {"", ".", "..", "a b", "a/b", "a:b", "ördre"}) EXPECT_FALSE(is_taken("", name)) << name;
  const auto refused = check_kafka_name(TopicNames{""}, "group", "a/b");
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("'a/b' is no name of a group"));
}

TEST(KafkaNamesTest, AreNoLongerThanTheNamesThatAreMadeOfThemMayBe) {
  for (const std::string prefix : {"", "shop."}) {
    const TopicNames names{prefix};
    std::string name;
    while (is_taken(prefix, name + 'a')) name += 'a';
    EXPECT_EQ(names.dead_letters(name).size(), kTopicNameMax) << prefix;
  }
}

}  // namespace
}  // namespace tidings::kafka
