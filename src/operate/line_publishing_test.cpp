#include "operate/line_publishing.hpp"

#include <gmock/gmock.h>

#include <map>

#include "operate/canned_transport.hpp"
#include "tidings/testing/simulated_executor.hpp"

namespace tidings::operate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tidings::testing::SimulatedExecutor;

class Publishing : public ::testing::Test {
 protected:
  Publishing() { canned_->topics = {{.name = "orders"}}; }

  // Reads `input`, so many bytes at a time.
  Result<PublishTotals> publish(std::string input, std::size_t step = 1'000'000) {
    CannedTransport transport{canned_};
    std::size_t at = 0;
    return publish_lines(transport, executor_, request_,
                         {.read = [&](std::span<char> into) -> Result<std::size_t> {
                            const std::size_t count = input.copy(into.data(), std::min(step, into.size()), at);
                            at += count;
                            return count;
                          },
                          .on_line = [this](const PublishedLine& line) { lines_[line.line] = line; }});
  }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  std::shared_ptr<Canned> canned_ = std::make_shared<Canned>();
  PublishRequest request_{.topic = Topic{"orders"}, .defaults = {.type = "OrderPaid"}};
  std::map<std::uint64_t, PublishedLine> lines_;
};

// A37
TEST_F(Publishing, ReportsEachLineByItsNumberAndId) {
  const auto totals = publish("{\"data\":1}\n\n{\"data\":2}\n");
  ASSERT_TRUE(totals) << totals.error().message;
  EXPECT_EQ(totals->confirmed, 2u);
  EXPECT_EQ(totals->refused, 0u);
  EXPECT_FALSE(totals->stopped_after);
  ASSERT_THAT(canned_->published, SizeIs(2));
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_EQ(lines_[1].id, canned_->published[0].id);
  EXPECT_EQ(lines_[3].id, canned_->published[1].id);
}

TEST_F(Publishing, ReadsTheSameInAnyPieces) {
  const std::string input = R"({"data":"0123456789"})"
                            "\n"
                            R"({"data":2})";
  for (const std::size_t step : {1u, 7u, 1'000u}) {
    canned_->published.clear();
    ASSERT_TRUE(publish(input, step));
    EXPECT_THAT(canned_->published, SizeIs(2)) << step;
  }
}

TEST_F(Publishing, RefusesALineAndGoesOn) {
  canned_->refused_ids = {"bad"};
  const auto totals = publish("{\"data\":1}\nnonsense\n{\"eventId\":\"bad\",\"data\":3}\n{\"data\":4}\n");
  ASSERT_TRUE(totals) << totals.error().message;
  EXPECT_EQ(totals->confirmed, 2u);
  EXPECT_EQ(totals->refused, 2u);
  ASSERT_TRUE(lines_[2].error);
  EXPECT_EQ(lines_[2].id, "");
  EXPECT_EQ(lines_[3].error->message, "refused by the test");
  EXPECT_EQ(lines_[3].id, "bad");
}

TEST_F(Publishing, StopsReadingWhenTheTransportHasNoRoom) {
  canned_->refused_ids = {"bad"};
  canned_->refusal = overloaded("full");
  std::string input = "{\"eventId\":\"bad\",\"data\":1}\n";
  for (int i = 0; i < 100'000; ++i) input += "{\"data\":2}\n";
  const auto totals = publish(input, 50);
  ASSERT_TRUE(totals) << totals.error().message;
  ASSERT_TRUE(totals->stopped_after);
  EXPECT_LT(*totals->stopped_after, 100'001u);
  EXPECT_EQ(totals->confirmed + totals->refused, *totals->stopped_after);
}

TEST_F(Publishing, RefusesALineThatIsTooLongToKeep) {
  const auto totals = publish(std::string(kPublishLineMax + 1, 'x') + "\n{\"data\":2}\n");
  ASSERT_TRUE(totals) << totals.error().message;
  EXPECT_THAT(lines_[1].error->message, HasSubstr("longer than"));
  EXPECT_EQ(totals->confirmed, 1u);
}

// P9: more lines than may be on their way at once.
TEST_F(Publishing, PublishesMoreThanItsWindow) {
  std::string input;
  for (std::size_t i = 0; i < 3 * kPublishLinesMax; ++i) input += "{\"data\":2}\n";
  const auto totals = publish(input);
  ASSERT_TRUE(totals) << totals.error().message;
  EXPECT_EQ(totals->confirmed, 3 * kPublishLinesMax);
}

TEST_F(Publishing, NamesTheTopicsWhenItsOwnIsMissing) {
  request_.topic = Topic{"order"};
  const auto totals = publish("{\"data\":1}\n");
  ASSERT_FALSE(totals);
  EXPECT_EQ(totals.error().kind, ErrorKind::invalid);
  EXPECT_EQ(totals.error().message,
            "there is no topic 'order'; there are: orders; `tidings topics create order` or --create-topic makes it");
  EXPECT_THAT(canned_->declared, SizeIs(0));
}

TEST_F(Publishing, CreatesATopicAndDeclaresItsTypesWhenAsked) {
  request_.topic = Topic{"new"};
  request_.missing_topic = MissingTopic::create;
  canned_->declares_only = true;
  ASSERT_TRUE(publish("{\"data\":1}\n{\"type\":\"OrderLost\",\"data\":1}\n{\"data\":2}\n"));
  ASSERT_THAT(canned_->declared, SizeIs(2));
  EXPECT_EQ(canned_->declared[0].topics.at(0).name, "new");
  ASSERT_THAT(canned_->declared[1].published, SizeIs(2));
  EXPECT_EQ(canned_->declared[1].published[0].type, "OrderPaid");
  EXPECT_EQ(canned_->declared[1].published[1].type, "OrderLost");
  EXPECT_EQ(canned_->declared[1].published[1].topic, "new");
}

TEST_F(Publishing, CreatesATopicByHandWhereDeclaringDoesNot) {
  request_.topic = Topic{"new"};
  request_.missing_topic = MissingTopic::create;
  ASSERT_TRUE(publish("{\"data\":1}\n"));
  EXPECT_EQ(canned_->topics.back().name, "new");
  ASSERT_THAT(canned_->declared, SizeIs(1)) << "its types";
  EXPECT_THAT(canned_->declared[0].topics, SizeIs(0));
}

TEST_F(Publishing, DeclaresSoManyTypesInOneRunAndRefusesLinesOfOthers) {
  request_.missing_topic = MissingTopic::create;
  std::string input;
  for (std::size_t i = 0; i < kPublishTypesMax + 1; ++i)
    input += R"({"type":"Type)" + std::to_string(i) + R"(","data":1})" + "\n";
  input += R"({"type":"Type0","data":1})";
  const auto totals = publish(input);
  ASSERT_TRUE(totals) << totals.error().message;
  EXPECT_EQ(totals->confirmed, kPublishTypesMax + 1);
  EXPECT_EQ(totals->refused, 1u);
  ASSERT_TRUE(lines_[kPublishTypesMax + 1].error);
  EXPECT_THAT(lines_[kPublishTypesMax + 1].error->message, HasSubstr("one more than 1000"));
  EXPECT_FALSE(totals->stopped_after);
}

}  // namespace
}  // namespace tidings::operate
