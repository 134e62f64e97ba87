// A34: pull one, settle it, on a local: store with real threads of the transport.
#include <gmock/gmock.h>

#include "service/sample_service.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/delivery.hpp"
#include "tidings/transport/linked.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;

class DeliveryLocalTest : public ::testing::Test {
 protected:
  DeliveryLocalTest() {
    EXPECT_TRUE(transport_->declare({.topics = {{.name = "orders"}}}));
    publisher_ = *transport_->publisher({});
  }

  std::unique_ptr<transport::Transport> open() {
    auto opened = transport::open("local:" + (scratch_ / "store").string() + "?sync=none", executor_);
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  Puller puller() {
    auto opened = Puller::open(*transport_, *executor_, {.group = "billing", .topic = "orders"});
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  void publish(std::string id, std::string key) {
    const std::string body = R"({"eventId":")" + id + R"(","eventType":"OrderPlaced","data":{"count":7}})";
    publisher_->send({{.topic = "orders", .key = key, .id = id, .type = "OrderPlaced", .body = body}},
                     [](std::size_t, Result<void> outcome) { EXPECT_TRUE(outcome); });
    ASSERT_TRUE(publisher_->flush(executor_->now() + 20s));
  }
  std::optional<Delivery> pull(Puller& puller, Duration within = 20s) {
    auto pulled = puller.pull(executor_->now() + within);
    EXPECT_TRUE(pulled) << pulled.error().message;
    return pulled ? *std::move(pulled) : std::nullopt;
  }
  std::string accept_next(Puller& puller) {
    auto delivery = pull(puller);
    if (!delivery) return {};
    EXPECT_TRUE(delivery->accept());
    return delivery->envelope().id;
  }
  std::uint64_t unsettled() { return transport_->operations().topology->lag()->front().unsettled; }

  testing::ScratchDirectory scratch_;
  std::shared_ptr<Executor> executor_ = thread_executor();
  std::unique_ptr<transport::Transport> transport_ = open();
  std::unique_ptr<transport::Publisher> publisher_;
};

// P4, over releases and retries
TEST_F(DeliveryLocalTest, ComesInOrderOfItsKey) {
  for (const char* id : {"a1", "a2", "a3"}) publish(id, "a");
  publish("b1", "b");
  Puller puller = this->puller();
  {
    auto first = pull(puller);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->envelope().id, "a1");
    EXPECT_EQ(first->as<Placed>()->count, 7);
    EXPECT_EQ(accept_next(puller), "b1");  // a2 and a3 wait behind a1
  }
  auto again = pull(puller);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->envelope().id, "a1");
  ASSERT_TRUE(again->retry_at(executor_->now() + 50ms, RetryOrder::strict, unavailable("not now")));
  again = pull(puller);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->envelope().id, "a1");
  EXPECT_EQ(again->attempts().failed, 1);
  ASSERT_TRUE(again->accept());
  EXPECT_EQ(accept_next(puller), "a2");
  EXPECT_EQ(accept_next(puller), "a3");
  EXPECT_EQ(unsettled(), 0u);
}

// P1, P2: what was settled stays so, what was not comes again, charged nothing.
TEST_F(DeliveryLocalTest, OutlivesThePuller) {
  publish("a1", "a");
  publish("a2", "a");
  {
    Puller puller = this->puller();
    EXPECT_EQ(accept_next(puller), "a1");
    auto left = pull(puller);
    ASSERT_TRUE(left);
    Puller gone = std::move(puller);
    { const Puller end = std::move(gone); }
    EXPECT_EQ(left->accept().error().kind, ErrorKind::conflict);
  }
  Puller next = this->puller();
  auto again = pull(next);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->envelope().id, "a2");
  EXPECT_EQ(again->attempts(), transport::Attempts{});
  ASSERT_TRUE(again->dead_letter(Reason::rejected, invalid("no such customer")));
  const auto letters = *transport_->operations().dead_letters->browse({}, "", 10);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].record.id, "a2");
  EXPECT_EQ(unsettled(), 0u);
}

// P4: a second member gets its share, and each event is pulled by one of them.
TEST_F(DeliveryLocalTest, IsPulledByOneMemberOfTheGroup) {
  constexpr int kKeys = 40;
  Puller first = puller();
  EXPECT_FALSE(pull(first, 0s));
  Puller second = puller();
  for (int i = 0; i < kKeys; ++i) publish("e" + std::to_string(i), "k" + std::to_string(i));
  std::map<std::string, int> seen;
  std::size_t of_second = 0;
  const Time deadline = executor_->now() + 20s;
  while (seen.size() < kKeys && executor_->now() < deadline) {
    for (Puller* puller : {&first, &second}) {
      auto delivery = pull(*puller, 10ms);
      if (!delivery || !delivery->accept()) continue;
      ++seen[delivery->envelope().id];
      if (puller == &second) ++of_second;
    }
  }
  EXPECT_THAT(seen, SizeIs(kKeys));
  for (const auto& [id, times] : seen) EXPECT_EQ(times, 1) << id;
  EXPECT_GT(of_second, 0u);
}

}  // namespace
}  // namespace tidings::service
