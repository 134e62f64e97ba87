#include "intruder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "groups.hpp"
#include "tidings/transport/linked.hpp"

namespace shop {
namespace {

using ::testing::UnorderedElementsAre;

class IntruderTest : public ::testing::Test {
 protected:
  IntruderTest() {
    auto opened = tidings::transport::open("memory:", executor_);
    EXPECT_TRUE(opened) << opened.error().message;
    transport_ = std::move(*opened);
    tidings::transport::Declaration declaration;
    for (const auto topic : kTopics)
      declaration.topics.push_back({.name = std::string{topic}, .command = topic == kDestination});
    EXPECT_TRUE(transport_->declare(declaration));
  }

  Intruder intruder() {
    auto made = Intruder::create(*transport_, *executor_, malformed_events(1, executor_->now()));
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  std::vector<std::string> published() {
    std::vector<std::string> ids;
    for (const auto topic : kTopics) {
      auto read =
          transport_->operations().history->read({.topic = std::string{topic}}, {}, 1'000, [&](const auto& entry) {
            ids.emplace_back(entry.record.id);
            return true;
          });
      EXPECT_TRUE(read);
    }
    return ids;
  }

  std::shared_ptr<tidings::Executor> executor_ = tidings::thread_executor();
  std::unique_ptr<tidings::transport::Transport> transport_;
};

// A5
TEST_F(IntruderTest, SendsWhatIsDue) {
  auto one = intruder();
  ASSERT_TRUE(one.send_due(malformed_events(1, {})[1].after));
  EXPECT_THAT(published(), UnorderedElementsAre("malformed-1", "malformed-2"));
  EXPECT_FALSE(one.done());
  ASSERT_TRUE(one.send_due(1));
  EXPECT_TRUE(one.done());
  EXPECT_EQ(published().size(), kMalformedCount);
}

// A1, --keep: a restarted demo sends the rest.
TEST_F(IntruderTest, SendsNothingTwiceWhenRestarted) {
  ASSERT_TRUE(intruder().send_due(0.5));
  const auto before = published().size();
  EXPECT_GT(before, 0u);
  EXPECT_LT(before, kMalformedCount);
  auto restarted = intruder();
  ASSERT_TRUE(restarted.send_due(1));
  EXPECT_EQ(published().size(), kMalformedCount);
}

}  // namespace
}  // namespace shop
