// E2, P10: the disk fills under a process that runs, at its own size. What was confirmed stays, what came meanwhile is
// refused for what it is, and all goes on once there is room, without a restart.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "tests/support/child_process.hpp"
#include "tests/support/private_mounts.hpp"
#include "transport/local/storage/store_verification.hpp"
#include "transport/local/store_lab.hpp"

namespace tidings::local {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::PrivateMount;

constexpr std::size_t kDiskBytes = 24u << 20;

// Before anything of a store has made a thread.
struct OwnMounts {
  const std::string missing = testing::enter_private_mounts();
};

// Which file system the store lies on: a write that has not room for all is cut short by one, refused whole by another.
class FullDiskTest : private OwnMounts, public StoreLab, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    close();
    if (!missing.empty()) GTEST_SKIP() << missing;
    if (std::string{GetParam()} == "tmpfs") {
      disk_.emplace(PrivateMount::memory(scratch_.path(), kDiskBytes));
    } else {
      mount_ext4();
    }
    if (IsSkipped()) return;
    open();
    declare({.name = "orders"});
    declare({.name = "payments"});
  }
  void TearDown() override { close(); }

  void mount_ext4() {
    const std::string image = image_ / "disk";
    const std::string size = std::to_string(kDiskBytes >> 10) + "k";
    const testing::ChildSpec make{.program = "/sbin/mkfs.ext4", .arguments = {"-q", image, size}};
    try {
      ASSERT_EQ(testing::run_program(make).exit, testing::ChildExit{.code = 0});
      disk_.emplace(PrivateMount::image(image, scratch_.path()));
    } catch (const std::system_error& fault) {
      GTEST_SKIP() << "no ext4 of our own here: " << fault.what();
    }
  }

  // Until so many pages and not a byte more have room: a write of more is cut short.
  void fill_disk(std::uintmax_t spare_pages) const {
    const int ballast = ::open((scratch_ / "ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ASSERT_GE(ballast, 0);
    const std::string piece(1u << 20, 'b');
    for (std::size_t bytes = piece.size(); bytes > 0;) {
      if (::write(ballast, piece.data(), bytes) < 0) bytes /= 2;
    }
    ::close(ballast);
    fs::resize_file(scratch_ / "ballast", fs::file_size(scratch_ / "ballast") - spare_pages * 4'096);
  }
  void make_room() const { fs::remove(scratch_ / "ballast"); }

  Result<void> send(int number, std::size_t bytes) {
    Result<void> answer = unavailable("no answer");
    const auto publisher = transport_->publisher({}).value();
    publisher->send({numbered(number, bytes)}, [&](std::size_t, Result<void> outcome) { answer = std::move(outcome); });
    EXPECT_TRUE(publisher->flush(late()));
    return answer;
  }
  std::vector<std::string> ids(const std::string& topic) {
    std::vector<std::string> found;
    const auto read = transport_->operations().history->read({.topic = topic}, {}, 100'000,
                                                             [&](const transport::HistoryEntry& entry) {
                                                               found.emplace_back(entry.record.id);
                                                               return true;
                                                             });
    EXPECT_TRUE(read) << read.error().message;
    return found;
  }
  static void expect_full(const Error& error) {
    EXPECT_EQ(error.kind, ErrorKind::overloaded);
    EXPECT_THAT(error.message, HasSubstr("the disk is full: make room on it"));
  }

  const testing::ScratchDirectory image_;  // beside the disk
  std::optional<PrivateMount> disk_;
};

TEST_P(FullDiskTest, RefusesPublishesAndTakesThemOnceThereIsRoom) {
  std::vector<std::string> confirmed;
  int refused = 0;
  fill_disk(3);
  // What is freed within the store's own file is used first.
  for (int number = 0; number < 100; ++number) {
    const auto answer = send(number, 50'000);
    if (answer) {
      confirmed.push_back(std::to_string(number));
    } else {
      expect_full(answer.error());
      ++refused;
    }
  }
  EXPECT_GT(refused, 90);
  EXPECT_EQ(ids("orders"), confirmed) << "reading goes on";
  make_room();
  for (int number = 100; number < 120; ++number) {
    const auto answer = send(number, 50'000);
    EXPECT_TRUE(answer) << answer.error().message;
    confirmed.push_back(std::to_string(number));
  }
  EXPECT_EQ(ids("orders"), confirmed);
  close();
  EXPECT_TRUE(verify_store(directory_));
  open();
  EXPECT_EQ(ids("orders"), confirmed);
}

// A settlement that is refused is nobody's loss: the event is this member's still, and is settled once there is room.
TEST_P(FullDiskTest, RefusesASettlementThatPublishesAndTakesItOnceThereIsRoom) {
  ASSERT_EQ(publish(0, 3), 3);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const auto deliveries = receive(*consumer, 3);
  fill_disk(0);
  const auto settle_publishing = [&](const transport::Delivery& delivery) {
    return settle_now(*consumer, *executor_,
                      {{.token = delivery.token,
                        .outcome = transport::Accept{},
                        .publishes = {numbered(7, 200'000, "payments")}}})
        .at(0);
  };
  const auto refused = settle_publishing(deliveries[0]);
  ASSERT_FALSE(refused);
  expect_full(refused.error());
  EXPECT_THAT(ids("payments"), ::testing::IsEmpty());
  // One that only settles needs little: what it needs is free, or it is refused likewise.
  if (const auto small = settle(*consumer, {deliveries[1]}).at(0); !small) expect_full(small.error());
  // Nobody can join: a member's board is a file, which nobody may write into without its blocks.
  const auto another = transport_->consumer({.group = "h", .topic = "orders"});
  EXPECT_TRUE(another || another.error().kind == ErrorKind::overloaded) << another.error().message;
  make_room();
  EXPECT_TRUE(settle_publishing(deliveries[0]));
  EXPECT_EQ(ids("payments"), std::vector<std::string>{"7"});
  EXPECT_TRUE(settle(*consumer, {deliveries[2]}).at(0));
  EXPECT_TRUE(transport_->consumer({.group = "h", .topic = "orders"}));
}

INSTANTIATE_TEST_SUITE_P(On, FullDiskTest, ::testing::Values("tmpfs", "ext4"),
                         [](const auto& tested) { return std::string{tested.param}; });

}  // namespace
}  // namespace tidings::local
