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

TEST(KafkaRetentionTest, IsWhatTheTopicIsSetTo) {
  using transport::Retention;
  const auto kept = [](const char* age, const char* bytes, const Retention& asked = {}) {
    return retention_in({{"retention.ms", age}, {"retention.bytes", bytes}}, 4, asked);
  };
  EXPECT_EQ(kept("60000", "1000").age, std::chrono::minutes{1});
  EXPECT_EQ(kept("60000", "1000").bytes, 4'000u);
  EXPECT_EQ(kept("-1", "-1").age, Retention::kAgeEndless);
  EXPECT_EQ(kept("-1", "-1").bytes, std::nullopt);
  EXPECT_EQ(kept("2", "1", {.age = std::chrono::microseconds{1'500}, .bytes = 3}).age,
            std::chrono::microseconds{1'500});
  EXPECT_EQ(kept("2", "1", {.age = std::chrono::microseconds{1'500}, .bytes = 3}).bytes, 3u);
}

// Long.MAX_VALUE is how many write `for ever`.
TEST(KafkaRetentionTest, IsEndlessWhereItIsMoreThanWeCanSay) {
  const auto kept =
      retention_in({{"retention.ms", "9223372036854775807"}, {"retention.bytes", "9223372036854775807"}}, 4, {});
  EXPECT_EQ(kept.age, transport::Retention::kAgeEndless);
  EXPECT_EQ(kept.bytes, transport::Retention::kBytesEndless);
}

}  // namespace
}  // namespace tidings::kafka
