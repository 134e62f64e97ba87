// A12: ids of new events grow in a process, whoever makes them.
#include <gmock/gmock.h>

#include "outbox/stored_record.hpp"
#include "service/sample_service.hpp"
#include "tests/conformance/service/narrow_transport.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/bus.hpp"
#include "tidings/delivery.hpp"
#include "tidings/outbox.hpp"
#include "tidings/sqlite.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using conformance::NarrowTransport;

// Of RabbitMQ's kind: a position names no event, so that what an event without an id causes gets a new one, too.
std::shared_ptr<transport::Transport> without_positions(std::shared_ptr<transport::Transport> transport) {
  transport::Capabilities capabilities = transport->capabilities();
  capabilities.stable_positions = false;
  return std::make_shared<NarrowTransport>(std::move(transport), std::move(capabilities));
}

// A bus, an outbox and a puller of one process, while the clock stands still.
class NewIds : public ::testing::Test {
 protected:
  void SetUp() override {
    bus_.publishes<Placed>();
    ASSERT_TRUE(bus_.start());
  }

  void publish_on_the_bus() { ASSERT_TRUE(bus_.publish(Placed{"alice", 1})); }

  void publish_in_a_transaction() {
    ASSERT_TRUE(database_.transact([this](SqliteTransaction& transaction) -> Result<void> {
      if (auto sent = outbox_.publish(transaction, SendEmail{"alice"}); !sent) return sent.error();
      auto row = transaction.value<std::string>("SELECT record FROM tidings_outbox ORDER BY sequence DESC LIMIT 1");
      if (!row) return row.error();
      made_.push_back(detail::decode_records(std::as_bytes(std::span{**row}))->front().id);
      return {};
    }));
  }

  // What a foreign event without an id causes.
  void publish_with_a_delivery() {
    foreign_->send({{.topic = "foreign", .key = "k", .type = "OrderPlaced", .body = R"({"data":{"customer":"bob"}})"}},
                   [](std::size_t, const Result<void>& outcome) { EXPECT_TRUE(outcome); });
    auto delivery = puller_.pull(executor_->now() + 1s);
    ASSERT_TRUE(delivery && *delivery);
    ASSERT_TRUE((*delivery)->publish(Paid{1}));
    ASSERT_TRUE((*delivery)->accept());
    std::string last;
    const auto see = [&](const transport::HistoryEntry& entry) { return last = entry.record.id, true; };
    ASSERT_TRUE(transport_->operations().history->read({.topic = "payments"}, {}, 1'000, see));
    made_.push_back(last);
  }

  std::vector<std::string> made_;
  testing::ScratchDirectory directory_;
  std::shared_ptr<testing::SimulatedExecutor> executor_ = std::make_shared<testing::SimulatedExecutor>(7);
  std::shared_ptr<memory::MemoryBroker> broker_ = memory::MemoryBroker::make(executor_);
  std::shared_ptr<transport::Transport> transport_ = without_positions(broker_->open("shop"));
  Bus bus_{transport_, executor_, {.name = "shop", .observers = {[this](const Decision& decision) {
                                                     if (decision.step == Step::published)
                                                       made_.emplace_back(decision.event_id);
                                                   }}}};
  Sqlite database_ = *Sqlite::open(directory_ / "shop.db", {}, executor_);
  Outbox outbox_ = *Outbox::open(database_, {.publishes = event_types<SendEmail>()});
  bool declared_ = !!transport_->declare({.topics = {{.name = "foreign"}, {.name = "payments", .partitions = 1}}});
  std::unique_ptr<transport::Publisher> foreign_ = *transport_->publisher({});
  Puller puller_ = *Puller::open(*transport_, *executor_, {.group = "billing", .topic = "foreign"},
                                 {.publishes = event_types<Paid>()});
};

TEST_F(NewIds, GrowOverBusOutboxAndPuller) {
  const Time start = executor_->now();
  for (int i = 0; i < 5; ++i) {
    publish_on_the_bus();
    publish_in_a_transaction();
    publish_with_a_delivery();
  }
  EXPECT_EQ(executor_->now(), start) << "only then the clock alone puts nothing in order";
  ASSERT_EQ(made_.size(), 15u);
  const auto unsorted = std::ranges::adjacent_find(made_, std::greater_equal{});
  EXPECT_EQ(unsorted, made_.end()) << ::testing::PrintToString(made_);
}

}  // namespace
}  // namespace tidings::service
