#include "service/configuration/topic_overrides.hpp"

#include <gmock/gmock.h>

#include <boost/describe.hpp>
#include <map>

namespace tidings::service {
namespace {

struct StockCounted {
  int count = 0;
};
BOOST_DESCRIBE_STRUCT(StockCounted, (), (count))

struct StockMoved {
  int count = 0;
};
BOOST_DESCRIBE_STRUCT(StockMoved, (), (count))

}  // namespace
}  // namespace tidings::service

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::StockCounted>{.type = "StockCounted",
                                                                                        .topic = "stock"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::StockMoved>{.type = "StockMoved",
                                                                                      .topic = "moves"};

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using transport::Retention;
using transport::Unsettled;

FileEntry entry(std::vector<std::string> path, std::string value) {
  path.insert(path.begin(), "topic");
  return {std::move(path), std::move(value), "service.toml:1"};
}

class Published final : public Contract {
 public:
  Published() {
    publishes<StockCounted>({.retention = {.age = 1h, .unsettled = Unsettled::expire}});
    publishes<StockMoved>();
  }
  std::vector<DeclaredTopic>& to_configure() { return topics_to_configure(); }
};

// A19, A29
TEST(TopicOverrides, GoBeforeWhatTheProgramSays) {
  Published contract;
  std::vector<std::string> faults;
  apply_topic_overrides({entry({"stock", "retention_age"}, "7d"), entry({"stock", "retention_unsettled"}, "default"),
                         entry({"moves", "retention_size"}, "1GB")},
                        contract.published(), contract.to_configure(), faults);
  EXPECT_THAT(faults, IsEmpty());
  ASSERT_EQ(contract.topics().size(), 2u);
  EXPECT_EQ(contract.topics()[0].policy.retention, (Retention{.age = 7 * 24h}));
  EXPECT_EQ(contract.topics()[1].topic, "moves");
  EXPECT_EQ(contract.topics()[1].policy.retention, (Retention{.bytes = 1u << 30}));
}

TEST(TopicOverrides, ReportEveryFault) {
  Published contract;
  std::vector<std::string> faults;
  apply_topic_overrides({entry({"stok", "retention_age"}, "7d"), entry({"stock", "retention_aeg"}, "7d"),
                         entry({"stock", "retention_age"}, "7"), entry({"stock", "retention_size"}, "1G"),
                         entry({"stock", "retention_unsettled"}, "lose")},
                        contract.published(), contract.to_configure(), faults);
  EXPECT_THAT(faults,
              ElementsAre("service.toml:1: this service publishes to no topic 'stok'; to: stock, moves; did you mean "
                          "'stock'?",
                          "service.toml:1: unknown key 'retention_aeg' of a topic; did you mean 'retention_age'?",
                          "service.toml:1: retention_age: '7' is no duration: it has no unit; write a number and us, "
                          "ms, s, m, h or d, as in 20s",
                          "service.toml:1: retention_size: '1G' is no size; write a whole number and B, KB, MB, GB or "
                          "TB, as in 1GB, or endless",
                          "service.toml:1: retention_unsettled: 'lose' is neither 'keep' nor 'expire'"));
}

TEST(TopicSettings, SayWhereEachIsFrom) {
  const Published contract;
  std::map<std::string, std::string> seen;
  for (const TopicSetting& setting : topic_settings(
           {entry({"moves", "retention_size"}, "2048MB"), entry({"stock", "retention_unsettled"}, "default")},
           contract.published(), contract.topics()))
    seen[setting.topic + " " + setting.key] = setting.value + " " + to_string(setting.origin);
  const std::map<std::string, std::string> expected{{"stock retention_age", "1h program"},
                                                    {"stock retention_size", "default default"},
                                                    {"stock retention_unsettled", "default service.toml:1"},
                                                    {"moves retention_age", "default default"},
                                                    {"moves retention_size", "2GB service.toml:1"},
                                                    {"moves retention_unsettled", "default default"}};
  EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace tidings::service
