// E4: a backup that is made while services work, and what it is when it is opened.
#include "transport/local/operate/store_backup.hpp"

#include <gmock/gmock.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "transport/local/storage/store_directory.hpp"
#include "transport/local/store_lab.hpp"
#include "transport/local/tables/absence.hpp"

namespace tidings::local {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using transport::BackupProgress;
using transport::BackupState;
using transport::Consumer;
using transport::Delivery;
using transport::HistoryEntry;
using transport::Transport;

bool go_on(std::uint64_t) {
  return true;
}

class StoreBackupTest : public StoreLab {
 protected:
  explicit StoreBackupTest(std::map<std::string, std::string, std::less<>> options = {})
      : StoreLab{std::move(options)} {
    declare({.name = "orders"});
    declare({.name = "payments"});
  }

  Result<BackupState> back_up(const std::string& to, const BackupProgress& progress = go_on) {
    return transport_->operations().backup->make(to, progress);
  }
  Error refusal(const std::string& to, const BackupProgress& progress = go_on) {
    const auto made = back_up(to, progress);
    return made ? Error{ErrorKind::corrupt, "it was made"} : made.error();
  }
  std::unique_ptr<Transport> open_copy() {
    return open_local({.scheme = "local", .path = copy_, .options = {}}, executor_).value();
  }
  static std::vector<std::string> ids(Transport& transport, const std::string& topic) {
    std::vector<std::string> found;
    const auto read =
        transport.operations().history->read({.topic = topic}, {}, 1'000'000, [&](const HistoryEntry& entry) {
          found.emplace_back(entry.record.id);
          return true;
        });
    EXPECT_TRUE(read) << read.error().message;
    return found;
  }
  transport::LagState lag(Transport& transport) { return transport.operations().topology->lag().value().at(0); }

  const std::string copy_ = scratch_ / "copy";
};

TEST_F(StoreBackupTest, HoldsAllOfTheStoreAndNothingOfItsProcesses) {
  publish(0, 100);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const auto made = back_up(copy_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->directory, copy_);
  EXPECT_EQ(made->bytes, fs::file_size(copy_ + "/data.mdb"));
  std::set<std::string> files;
  for (const auto& file : fs::directory_iterator{copy_}) files.insert(file.path().filename());
  EXPECT_EQ(files, (std::set<std::string>{"data.mdb", "format"}));
  struct stat facts {};
  ASSERT_EQ(::stat(copy_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);

  const auto copy = open_copy();
  EXPECT_EQ(ids(*copy, "orders").size(), 100u);
  const auto groups = copy->operations().topology->groups().value();
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_THAT(groups[0].members, IsEmpty()) << "who serves the original serves no copy";
}

// Publishes and settles while the backup is made.
class BackupOfAStoreAtWork : public StoreBackupTest {
 protected:
  // Each order's settlement publishes `of-N`.
  void pay(Consumer& consumer, const Delivery& delivery) {
    const std::string id{delivery.record.id};
    transport::Record payment{.topic = "payments", .id = "of-" + id, .type = "Paid", .body = "x"};
    const auto settled =
        settle_now(consumer, *executor_,
                   {{.token = delivery.token, .outcome = transport::Accept{}, .publishes = {std::move(payment)}}});
    EXPECT_TRUE(settled[0]);
    ++settled_;
  }
  void work(Consumer& consumer) {
    while (!done_) {
      const auto batch = consumer.receive(10, executor_->now() + 50ms);
      ASSERT_TRUE(batch);
      for (const Delivery& delivery : batch->deliveries) pay(consumer, delivery);
    }
  }
  void publish_all() {
    for (int first = 0; !done_; first += 20) confirmed_ += publish(first, 20, 2'000);
  }

  std::atomic<bool> done_ = false;
  std::atomic<int> confirmed_ = 0;
  std::atomic<int> settled_ = 0;
};

TEST_F(BackupOfAStoreAtWork, IsOfOneMoment) {
  const auto consumer = join({.group = "g", .topic = "orders"});
  auto publishing = executor_->spawn("publishing", [&] { publish_all(); });
  auto working = executor_->spawn("working", [&] { work(*consumer); });
  EXPECT_TRUE(eventually([&] { return confirmed_ >= 300 && settled_ >= 100; }));
  const int confirmed = confirmed_;
  const int settled = settled_;
  const auto made = back_up(copy_);
  EXPECT_TRUE(eventually([&] { return confirmed_ > confirmed; })) << "work goes on";
  done_ = true;
  publishing.reset();
  working.reset();
  ASSERT_TRUE(made) << made.error().message;

  const auto copy = open_copy();
  const auto orders = ids(*copy, "orders");
  ASSERT_GE(orders.size(), static_cast<std::size_t>(confirmed)) << "what was confirmed before is there";
  for (std::size_t i = 0; i < orders.size(); ++i) ASSERT_EQ(orders[i], std::to_string(i));
  std::set<std::string> handled;
  for (const std::string& id : ids(*copy, "payments")) handled.insert(id.substr(3));
  EXPECT_GE(handled.size(), static_cast<std::size_t>(settled));
  // The consumer of the original lives; the copy has none of its partitions.
  const auto other = copy->consumer({.group = "g", .topic = "orders", .in_flight_max = 100'000}).value();
  std::map<std::string, int> last;
  for (const Delivery& delivery : receive(*other, orders.size() - handled.size())) {
    EXPECT_EQ(delivery.attempts, transport::Attempts{}) << "nobody died";
    EXPECT_FALSE(delivery.suspect);
    const int number = std::stoi(std::string{delivery.record.id});
    EXPECT_TRUE(handled.insert(std::to_string(number)).second) << number << " is settled, and comes again";
    const auto [before, first] = last.emplace(std::string{*delivery.record.key}, number);
    EXPECT_TRUE(first || before->second < number) << "in order of its key";
    before->second = number;
  }
  EXPECT_EQ(handled.size(), orders.size()) << "each is settled, or comes again";
}

TEST_F(StoreBackupTest, KeepsDeadLettersWaitingRetriesAndControl) {
  publish(0, 3);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const auto deliveries = receive(*consumer, 3);
  const transport::Attempts failed{.failed = 2, .due = executor_->now() + 1h, .last_error = "no bank"};
  settle(*consumer, {deliveries[0]}, transport::Bury{.reason = "failed", .error = "no bank"});
  settle(*consumer, {deliveries[1]}, transport::Retry{.order = transport::RetryOrder::relaxed, .attempts = failed});
  settle(*consumer, {deliveries[2]}, transport::Retry{.order = transport::RetryOrder::strict, .attempts = failed});
  ASSERT_TRUE(transport_->control().put("note/x", "y", {}));
  ASSERT_TRUE(back_up(copy_));

  const auto copy = open_copy();
  EXPECT_EQ(lag(*copy).dead, 1u);
  EXPECT_EQ(lag(*copy).waiting, lag(*transport_).waiting);
  EXPECT_EQ(lag(*copy).unsettled, 2u);
  const auto letters = copy->operations().dead_letters->browse({}, "", 10).value();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].error, "no bank");
  EXPECT_EQ(copy->control().get("note/x").value()->value, "y");
  const auto other = copy->consumer({.group = "g", .topic = "orders"}).value();
  EXPECT_TRUE(*copy->operations().dead_letters->replay(letters[0].id));
  for (const Delivery& delivery : receive(*other, 2)) {
    EXPECT_EQ(delivery.attempts.failed, delivery.record.id == deliveries[2].record.id ? 2 : 0);
  }
}

// With `unsettled=expire` the groups of a backup that is restored late would be gone before their services start.
TEST_F(StoreBackupTest, ForgetsSinceWhenAGroupHasNoMember) {
  publish(0, 1);
  join({.group = "g", .topic = "orders"}).reset();
  {
    ReadTransaction transaction{store().environment()};
    EXPECT_EQ(absent_groups(transaction).size(), 1u);
  }
  ASSERT_TRUE(back_up(copy_));
  const auto environment = Environment::open(copy_, 1u << 30, Sync::commit).value();
  ASSERT_TRUE(environment->open_trees());
  ReadTransaction transaction{*environment};
  EXPECT_THAT(absent_groups(transaction), IsEmpty());
}

TEST_F(StoreBackupTest, TouchesNoDirectoryThatIsNotEmpty) {
  fs::create_directory(copy_);
  std::ofstream{copy_ + "/letter.txt"} << "dear";
  const Error error = refusal(copy_);
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(error.message, HasSubstr("is not empty"));
  EXPECT_TRUE(fs::exists(copy_ + "/letter.txt"));
  EXPECT_FALSE(fs::exists(copy_ + "/data.mdb"));
}

TEST_F(StoreBackupTest, RefusesTheStoreItselfAndWhatIsInside) {
  EXPECT_THAT(refusal(directory_).message, HasSubstr("is the directory of the store"));
  EXPECT_THAT(refusal(directory_ + "/./").message, HasSubstr("is the directory of the store"));
  EXPECT_THAT(refusal(directory_ + "/backups/monday").message, HasSubstr("is inside of the store"));
  fs::create_directory_symlink(directory_, scratch_ / "link");
  EXPECT_THAT(refusal((scratch_ / "link" / "monday").string()).message, HasSubstr("is inside of the store"));
  EXPECT_FALSE(fs::exists(directory_ + "/backups"));
  EXPECT_EQ(refusal("").kind, ErrorKind::invalid);
  EXPECT_TRUE(back_up(directory_ + "-2")) << "which only begins alike";
}

TEST_F(StoreBackupTest, RefusesAFileAndADirectoryThatIsClosedToUs) {
  std::ofstream{copy_} << "text";
  EXPECT_EQ(refusal(copy_).kind, ErrorKind::invalid);
  const fs::path closed = scratch_ / "closed";
  fs::create_directory(closed);
  fs::permissions(scratch_.path(), fs::perms::owner_all | fs::perms::others_exec);
  fs::permissions(closed, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_exec);
  constexpr unsigned kNobody = 65'534;
  const int us = ::setfsuid(kNobody);  // where we are root, to whom nothing is closed; of this thread
  const Error error = refusal(closed / "copy");
  ::setfsuid(static_cast<unsigned>(us));
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(error.message, HasSubstr("choose a directory that this user may write to"));
}

TEST_F(StoreBackupTest, LeavesNothingWhenItIsStopped) {
  publish(0, 100);
  EXPECT_EQ(refusal(copy_, [](std::uint64_t) { return false; }).kind, ErrorKind::unavailable);
  EXPECT_FALSE(fs::exists(copy_));
  fs::create_directory(copy_);
  EXPECT_EQ(refusal(copy_, [](std::uint64_t) { return false; }).kind, ErrorKind::unavailable);
  EXPECT_TRUE(fs::is_empty(copy_));
  EXPECT_TRUE(back_up(copy_)) << "what it met empty is taken again";
}

TEST_F(StoreBackupTest, KeepsOthersOutUntilItIsComplete) {
  publish(0, 100);
  bool refused = false;
  ASSERT_TRUE(back_up(copy_, [&](std::uint64_t) {
    refused = !*holds_store(copy_) && refusal(copy_).kind == ErrorKind::unavailable;
    return true;
  }));
  EXPECT_TRUE(refused);
}

class BackupOfASmallStore : public StoreBackupTest {
 protected:
  BackupOfASmallStore() : StoreBackupTest{{{"size_max", "8M"}, {"sync", "none"}}} {}
};

// P9: while it reads, nothing that is freed is used again.
TEST_F(BackupOfASmallStore, IsGivenUpBeforeItTakesTheRoomOfSettlements) {
  ASSERT_EQ(publish(0, 5'000, 1'000), 5'000);
  const std::string value(64'000, 'v');
  const Error error = refusal(copy_, [&](std::uint64_t) {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(transport_->control().put("key", value, {}));
    return true;
  });
  EXPECT_EQ(error.kind, ErrorKind::overloaded);
  EXPECT_THAT(error.message, HasSubstr("raise size_max"));
  EXPECT_FALSE(fs::exists(copy_));
  EXPECT_TRUE(transport_->control().put("key", value, {}));
  EXPECT_TRUE(back_up(copy_)) << "which does not make it grow";
}

}  // namespace
}  // namespace tidings::local
