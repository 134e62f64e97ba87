#include "tidings/uuid.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

#include "base/moments.hpp"
#include "tidings/digest.hpp"

namespace tidings {
namespace {

// FIPS 180-4 examples, and lengths around the end of a block.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

class FixedClock final : public Executor {
 public:
  Time time{std::chrono::microseconds{1'700'000'000'123'456}};

  Time now() const override { return time; }
  Duration uptime() const override { return {}; }
  std::unique_ptr<Condition> condition() override { return nullptr; }
  std::unique_ptr<Thread> spawn(std::string, std::function<void()>) override { return nullptr; }
  void sleep_until(Time) override {}
  std::uint64_t random() override { return 0x0123456789abcdef; }
  Moment next_moment() override { return moments_.next(time); }

 private:
  Moments moments_;
};

// A12: UUIDv7.
TEST(NewId, HasTimeVersionAndVariant) {
  FixedClock clock;
  // 1'700'000'000'123 ms; 456 us are 1867 4096ths of a millisecond.
  EXPECT_EQ(new_id(clock), "018bcfe5-687b-774b-8123-456789abcdef");
  EXPECT_EQ(new_id(clock), "018bcfe5-687b-774c-8123-456789abcdef");
}

TEST(NewId, GrowsThoughTheClockIsSetBack) {
  FixedClock clock;
  const std::string first = new_id(clock);
  clock.time -= std::chrono::hours{1};
  const std::string second = new_id(clock);
  clock.time += std::chrono::hours{2};
  EXPECT_LT(first, second);
  EXPECT_LT(second, new_id(clock));
}

TEST(NewId, GrowsInEachThreadAndRepeatsInNone) {
  const auto executor = thread_executor();
  std::vector<std::vector<std::string>> made(4);
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (auto& mine : made) {
      threads.push_back(executor->spawn("ids", [&executor, &mine] {
        for (int i = 0; i < 2'000; ++i) mine.push_back(new_id(*executor));
      }));
    }
  }
  std::set<std::string> all;
  for (const auto& mine : made) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 8'000u);
}

const DerivedFrom kCause{.event_id = "018bcfe5-687b-774b-8123-456789abcdef",
                         .subscription = "payment-service/orders",
                         .type = "PaymentCompleted",
                         .key = "cdnow-1",
                         .ordinal = 0,
                         .replay = ""};

// P7, A13: the same cause gives the same id, each part of it counts.
TEST(DerivedId, DependsOnEveryPartOfItsCause) {
  std::set<std::string> ids{derived_id(kCause)};
  auto with = [](auto change) {
    DerivedFrom from = kCause;
    change(from);
    return derived_id(from);
  };
  ids.insert(with([](DerivedFrom& from) { from.event_id = "other"; }));
  ids.insert(with([](DerivedFrom& from) { from.subscription = "payment-service/order"; }));
  ids.insert(with([](DerivedFrom& from) { from.type = "PaymentFailed"; }));
  ids.insert(with([](DerivedFrom& from) { from.key = "cdnow-2"; }));
  ids.insert(with([](DerivedFrom& from) { from.key = ""; }));
  ids.insert(with([](DerivedFrom& from) { from.key = std::nullopt; }));
  ids.insert(with([](DerivedFrom& from) { from.ordinal = 1; }));
  ids.insert(with([](DerivedFrom& from) { from.replay = "replay-1"; }));
  EXPECT_EQ(ids.size(), 9u);
  EXPECT_EQ(derived_id(kCause), derived_id(kCause));
  EXPECT_EQ(with([](DerivedFrom& from) { from.type = "PAYMENT_COMPLETED"; }), derived_id(kCause));
  EXPECT_EQ(with([](DerivedFrom& from) { from.replay = "0"; }), derived_id(kCause));
}

// tests/golden/event/ids.txt: one id and the parts it is made of a line, as docs/wire.md says. These bytes are for
// ever: a change would make repeats of old events look new.
TEST(DerivedId, IsAsTheGoldenFileSays) {
  std::ifstream file{TIDINGS_GOLDEN_DIR "/event/ids.txt"};
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::vector<std::string> parts;
    std::istringstream in{line};
    for (std::string part; std::getline(in, part, '|');) parts.push_back(part);
    ++lines;
    if (parts[0] == "position") {
      ASSERT_EQ(parts.size(), 5u) << line;
      EXPECT_EQ(position_id(parts[1], std::stoi(parts[2]), std::stoll(parts[3])), parts[4]) << line;
      continue;
    }
    ASSERT_EQ(parts.size(), 8u) << line;
    const auto key = parts[4] == "-" ? std::nullopt : std::optional<std::string_view>{parts[4]};
    EXPECT_EQ(derived_id({parts[1], parts[2], parts[3], key, std::stoull(parts[5]), parts[6]}), parts[7]) << line;
  }
  EXPECT_GE(lines, 6);
}

}  // namespace
}  // namespace tidings
