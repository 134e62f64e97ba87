// Limits that only a real server reaches.
#include <algorithm>
#include <filesystem>
#include <vector>

#include "transport/driver/instance_board.hpp"
#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/operate/queue_reader.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"

namespace tidings::rabbitmq {
namespace {

class AmqpLimitsBrokerTest : public AmqpBrokerHere {};

TEST_F(AmqpLimitsBrokerTest, RequestsTakeAllChannelsInTurnAndBeginAnew) {
  std::vector<Channel> taken;
  for (int i = 0; i <= kChannelMax; ++i) {
    const auto asked = broker().ask([&](Link&, Channel channel) {
      taken.push_back(channel);
      return Result<void>{};
    });
    ASSERT_TRUE(asked) << asked.error().message;
  }
  EXPECT_EQ(taken.back(), taken.front());
  EXPECT_EQ(*std::ranges::max_element(taken), kChannelMax);
  taken.pop_back();
  std::ranges::sort(taken);
  EXPECT_EQ(std::ranges::adjacent_find(taken), taken.end()) << "none twice before";
}

// A queue that one had who died, and whose board nobody knows: all that comes again is suspect.
class SuspectsBrokerTest : public AmqpBrokerHere {
 protected:
  void SetUp() override {
    AmqpBrokerHere::SetUp();
    if (IsSkipped()) return;
    const auto& server = broker().options().servers.front();
    const auto url = "amqp://" + server.host + ":" + std::to_string(server.port) +
                     "/?prefetch=2000&prefix=" + broker().options().prefix;
    transport_ = open_rabbitmq(transport::parse_url(url).value(), shared_executor()).value();
    ASSERT_TRUE(transport_->declare(
        {.topics = {{.name = "orders", .partitions = 1}}, .published = {{"OrderCreated", "orders"}}}));
    remove_queue_afterwards(broker().names().history("orders"));
    remove_exchange_afterwards(broker().names().topic("orders"));
    (void)join("first");  // its queues
  }
  void TearDown() override {
    if (transport_) {
      const auto removed = transport_->operations().topology->remove_group("g");
      EXPECT_TRUE(removed) << removed.error().message;
    }
    transport_.reset();
    AmqpBrokerHere::TearDown();
  }
  std::unique_ptr<transport::Consumer> join(const std::string& instance) {
    return transport_->consumer({.group = "g", .instance = instance, .topic = "orders", .in_flight_max = 10'000})
        .value();
  }
  void publish(std::size_t count) {
    const auto publisher = transport_->publisher({}).value();
    std::vector<transport::Record> records(count, {.topic = "orders", .type = "OrderCreated", .body = "{}"});
    for (transport::Record& record : records) record.id = std::to_string(++last_id_);
    publisher->send(std::move(records), [](std::size_t, const Result<void>& done) { EXPECT_TRUE(done); });
    EXPECT_TRUE(publisher->flush(soon()));
  }
  void die_with_all() {
    const auto looked = broker().ask([&](Link& link, Channel channel) {
      return read_queue(link, channel, executor(), queue(), [](const Message&) { return Then::keep; });
    });
    ASSERT_TRUE(looked) << looked.error().message;
    ControlStream log{open()};
    const QueueRecord had{.instance = "dead", .life = 99, .slot = 1, .held = true};
    ASSERT_TRUE(log.put(ControlSpace::driver, queue_key(queue(), 0), text_of(had), {}));
  }
  // How many of so many are suspect.
  std::size_t suspects(transport::Consumer& consumer, std::size_t count) {
    std::size_t received = 0, suspects = 0;
    const Time deadline = soon();
    while (received < count && executor().now() < deadline) {
      const auto batch = consumer.receive(count - received, deadline);
      EXPECT_TRUE(batch) << batch.error().message;
      received += batch->deliveries.size();
      for (const transport::Delivery& delivery : batch->deliveries) suspects += delivery.suspect ? 1 : 0;
    }
    return suspects;
  }
  bool has_board(const std::string& instance) {
    return std::filesystem::exists(transport::board_path(broker().options().deployment(), queue(), instance));
  }
  std::string queue() { return broker().names().queue_of_topic("g", "orders"); }

  std::unique_ptr<transport::Transport> transport_;
  int last_id_ = 0;
};

TEST_F(SuspectsBrokerTest, WhoHasMoreThanABoardTakesHasNone) {
  publish(kBoardSuspectsMax);
  die_with_all();
  auto consumer = join("one");
  EXPECT_EQ(suspects(*consumer, kBoardSuspectsMax), kBoardSuspectsMax);
  EXPECT_TRUE(has_board("one"));
  consumer.reset();
  publish(1);
  die_with_all();
  consumer = join("two");
  EXPECT_EQ(suspects(*consumer, kBoardSuspectsMax + 1), kBoardSuspectsMax + 1);
  EXPECT_FALSE(has_board("two")) << "its heirs take all for suspect";
}

}  // namespace
}  // namespace tidings::rabbitmq
