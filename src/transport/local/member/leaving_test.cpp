// P8, P10: who cannot leave its group leaves as soon as the store can be written again.
#include "transport/local/member/leaving.hpp"

#include "transport/local/store_lab.hpp"
#include "transport/local/tables/member_table.hpp"

namespace tidings::local {
namespace {

class LeavingTest : public StoreLab {
 protected:
  LeavingTest() : gate_{*WakeFile::open(directory_)} { declare({.name = "orders", .partitions = 4}); }

  // From now on nothing can be written, and all who try are told so at once: the queue is full.
  void shut() {
    ASSERT_TRUE(gate_->enter_gate(20s));
    Store& opened = store();
    const Time deadline = late();
    for (std::size_t i = 0; i < kQueueOpsMax; ++i) opened.committer().submit(std::make_shared<IdleOp>(deadline));
  }
  void let_go() { gate_->leave_gate(); }

  std::size_t members() {
    ReadTransaction transaction{store().environment()};
    return all_members(transaction).size();
  }
  void expect_handed_over() {
    const auto other = join({.group = "g", .topic = "orders"});
    for (const auto& delivery : receive(*other, 4)) EXPECT_EQ(delivery.attempts.crashes, 0);
  }

 private:
  class IdleOp final : public CommitOp {
   public:
    explicit IdleOp(Time deadline) : deadline_{deadline} {}
    void apply(Commit&) override {}
    void finish(const Result<void>&) override {}
    Time deadline() const override { return deadline_; }

   private:
    const Time deadline_;
  };

  const std::shared_ptr<WakeFile> gate_;
};

TEST_F(LeavingTest, IsTriedAgainUntilItSucceeds) {
  publish(0, 4);
  auto consumer = join({.group = "g", .topic = "orders"});
  receive(*consumer, 4);
  shut();
  consumer.reset();
  EXPECT_EQ(members(), 1u) << "it could not leave";
  let_go();
  EXPECT_TRUE(eventually([this] { return members() == 0; }));
  expect_handed_over();
}

// The program lives on, and nobody reaps the members of a process that lives.
TEST_F(LeavingTest, IsTriedAgainThoughTheTransportIsClosed) {
  publish(0, 4);
  auto consumer = join({.group = "g", .topic = "orders"});
  receive(*consumer, 4);
  shut();
  consumer.reset();
  close();
  let_go();
  open();
  EXPECT_TRUE(eventually([this] { return members() == 0; }));
  expect_handed_over();
}

}  // namespace
}  // namespace tidings::local
