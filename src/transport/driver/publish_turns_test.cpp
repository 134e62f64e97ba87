#include "transport/driver/publish_turns.hpp"

#include <gmock/gmock.h>

#include <map>

namespace tidings::transport {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PublishTurnsTest : public ::testing::Test {
 protected:
  void add(int count, std::size_t messages = 1) { add_to(turns_, count, messages); }
  void add_to(PublishTurns& turns, int count, std::size_t messages = 1) {
    for (int i = 0; i < count; ++i) {
      turns.add(messages, [this, number = added_++](Result<void> outcome) {
        order_.push_back(number);
        outcomes_.insert_or_assign(number, std::move(outcome));
      });
    }
  }

  std::vector<int> order_;
  std::map<int, Result<void>> outcomes_;
  PublishTurns turns_;
  int added_ = 0;
};

TEST_F(PublishTurnsTest, AreDoneInTheirOrderWhicheverIsAnsweredFirst) {
  add(3);
  turns_.answered(2, {});
  turns_.answered(1, {});
  EXPECT_THAT(order_, IsEmpty());
  turns_.answered(0, {});
  EXPECT_THAT(order_, ElementsAre(0, 1, 2));
  for (const auto& [number, outcome] : outcomes_) EXPECT_TRUE(outcome) << number;
}

TEST_F(PublishTurnsTest, OneOfSeveralMessagesIsDoneWithTheLastAndRefusedWithTheFirstRefusal) {
  add(1, 3);
  turns_.answered(0, {});
  turns_.answered(0, invalid("no such topic"));
  EXPECT_THAT(order_, IsEmpty());
  turns_.answered(0, unavailable("not confirmed"));
  ASSERT_THAT(order_, ElementsAre(0));
  EXPECT_EQ(outcomes_.at(0).error().kind, ErrorKind::invalid);
}

TEST_F(PublishTurnsTest, BehindOneThatIsRefusedForNowAllAreRefusedThoughTheyWereConfirmed) {
  for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::overloaded}) {
    PublishTurns turns;
    added_ = 0;
    add_to(turns, 4);
    turns.answered(2, {});
    turns.answered(0, {});
    turns.answered(1, Error{kind, "the broker is away"});
    turns.answered(3, invalid("no such topic"));
    EXPECT_TRUE(outcomes_.at(0));
    EXPECT_EQ(outcomes_.at(1).error().message, "the broker is away");
    for (const int behind : {2, 3}) {
      EXPECT_EQ(outcomes_.at(behind).error().kind, kind);
      EXPECT_THAT(outcomes_.at(behind).error().message, HasSubstr("the broker is away"));
    }
  }
}

TEST_F(PublishTurnsTest, OneThatIsRefusedForGoodKeepsNobodyBack) {
  add(2);
  turns_.answered(0, invalid("too large"));
  turns_.answered(1, {});
  EXPECT_FALSE(outcomes_.at(0));
  EXPECT_TRUE(outcomes_.at(1));
}

TEST_F(PublishTurnsTest, OneThatIsAddedBehindARefusalIsRefusedToo) {
  add(1);
  turns_.answered(0, overloaded("the buffer is full"));
  add(1);
  turns_.answered(1, {});
  EXPECT_EQ(outcomes_.at(1).error().kind, ErrorKind::overloaded);
}

}  // namespace
}  // namespace tidings::transport
