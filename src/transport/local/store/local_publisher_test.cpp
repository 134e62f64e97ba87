// What a publisher that goes leaves behind: answered, once, and by nobody later.
#include "transport/local/store/local_publisher.hpp"

#include "transport/local/store_lab.hpp"

namespace tidings::local {
namespace {

using LocalPublisherTest = StoreLab;

TEST_F(LocalPublisherTest, AnswersOnceWhatIsNotConfirmedWhenItIsClosed) {
  declare({.name = "orders"});
  const auto gate = *WakeFile::open(directory_);
  ASSERT_TRUE(gate->enter_gate(20s));
  std::vector<Result<void>> answers;
  auto publisher = *transport_->publisher({});
  const auto held = std::make_shared<int>(0);
  publisher->send({numbered(1), numbered(2)},
                  [&answers, held](std::size_t, Result<void> outcome) { answers.push_back(std::move(outcome)); });
  publisher->close(executor_->now() + 20ms);
  ASSERT_EQ(answers.size(), 2u);
  for (const auto& answer : answers) EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(held.use_count(), 1) << "nor is anything of the caller's kept";
  publisher.reset();
  gate->leave_gate();
  EXPECT_TRUE(eventually([this] { return kept() == 2; })) << "it may be there";
  ASSERT_TRUE(transport_->check(late()));
  EXPECT_EQ(answers.size(), 2u);
}

}  // namespace
}  // namespace tidings::local
