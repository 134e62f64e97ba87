// Control: small durable records that all instances see (design, section 5).
#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Control;
using transport::PutOptions;

TEST_P(ControlConformance, P1RecordsAreSeenByOtherProcesses) {
  const auto version = here().control().put("pauses/g", "on", {});
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_NE(*version, 0u);
  const auto found = process("elsewhere").control().get("pauses/g");
  ASSERT_TRUE(found);
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->key, "pauses/g");
  EXPECT_EQ((*found)->value, "on");
  EXPECT_EQ((*found)->version, *version);
  EXPECT_FALSE((*found)->expires);
}

TEST_P(ControlConformance, ListsByPrefixInOrder) {
  Control& control = here().control();
  for (const char* key : {"b/2", "a/1", "b/1", "b/3", "c/1"}) ASSERT_TRUE(control.put(key, "v", {}));
  const auto listed = control.list("b/").value();
  ASSERT_EQ(listed.size(), 3u);
  EXPECT_EQ(listed[0].key, "b/1");
  EXPECT_EQ(listed[2].key, "b/3");
}

TEST_P(ControlConformance, ErasesWithANullValue) {
  Control& control = here().control();
  ASSERT_TRUE(control.put("a", "v", {}));
  ASSERT_TRUE(control.put("a", std::nullopt, {}));
  EXPECT_FALSE(control.get("a").value());
  EXPECT_TRUE(control.list("a").value().empty());
}

TEST_P(ControlConformance, RaisesTheVersionEvenOverAnErasure) {
  Control& control = here().control();
  const auto first = control.put("a", "1", {}).value();
  const auto erased = control.put("a", std::nullopt, {}).value();
  const auto second = control.put("a", "2", {}).value();
  EXPECT_LT(first, erased);
  EXPECT_LT(erased, second);
}

TEST_P(ControlConformance, ChangesOnlyTheExpectedVersion) {
  Control& control = here().control();
  const auto first = control.put("a", "1", PutOptions{.expected = 0});
  ASSERT_TRUE(first);
  const auto exists = control.put("a", "2", PutOptions{.expected = 0});
  ASSERT_FALSE(exists);
  EXPECT_EQ(exists.error().kind, ErrorKind::conflict);
  const auto second = control.put("a", "2", PutOptions{.expected = *first});
  ASSERT_TRUE(second);
  EXPECT_FALSE(control.put("a", "3", PutOptions{.expected = *first}));
  EXPECT_FALSE(control.put("a", std::nullopt, PutOptions{.expected = *first}));
  EXPECT_EQ(control.get("a").value()->value, "2");
}

TEST_P(ControlConformance, CompareAndSetLosesNoIncrementUnderContention) {
  constexpr int kThreads = 4;
  constexpr int kIncrements = 25;
  ASSERT_TRUE(here().control().put("counter", "0", {}));
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < kThreads; ++i) {
      Control& control = process("process-" + std::to_string(i)).control();
      threads.push_back(executor().spawn("increment", [&control, this] {
        for (int done = 0; done < kIncrements;) {
          const auto present = control.get("counter").value().value();
          executor().sleep_until(now());  // others come in between
          const auto next = std::to_string(std::stoi(present.value) + 1);
          if (control.put("counter", next, PutOptions{.expected = present.version})) ++done;
        }
      }));
    }
  }
  EXPECT_EQ(here().control().get("counter").value()->value, std::to_string(kThreads * kIncrements));
}

TEST_P(ControlConformance, ForgetsWhatExpired) {
  Control& control = here().control();
  ASSERT_TRUE(control.put("first", "v", {}));  // what has to be made for it is there
  ASSERT_TRUE(control.put("first", std::nullopt, {}));
  const Time expires = now() + 20 * unit();
  ASSERT_TRUE(control.put("a", "v", PutOptions{.expires = expires}));
  ASSERT_TRUE(control.get("a").value());
  executor().sleep_until(expires);
  EXPECT_FALSE(control.get("a").value());
  EXPECT_TRUE(control.list("").value().empty());
  EXPECT_TRUE(control.put("a", "again", PutOptions{.expected = 0})) << "expired is not there";
}

TEST_P(ControlConformance, WakesWatchersOfOtherProcesses) {
  const auto seen = here().control().watch(0, soon());
  ASSERT_TRUE(seen);
  const Time start = now(), late = soon();
  Control& elsewhere = process("elsewhere").control();
  const auto later = executor().spawn("later", [&] {
    executor().sleep_until(start + unit());
    EXPECT_TRUE(elsewhere.put("a", "v", {}));
  });
  const auto changed = here().control().watch(*seen, start + std::chrono::hours{1});
  ASSERT_TRUE(changed);
  EXPECT_GT(*changed, *seen);
  EXPECT_GE(now(), start + unit());
  EXPECT_LT(now(), late);
  const auto unchanged = here().control().watch(*changed, now() + unit());
  EXPECT_EQ(unchanged.value(), *changed);
}

TEST_P(ControlConformance, P9RefusesWhatIsTooLarge) {
  Control& control = here().control();
  EXPECT_TRUE(control.put(std::string(transport::kControlKeyMax, 'k'), "v", {}));
  EXPECT_EQ(control.put(std::string(transport::kControlKeyMax + 1, 'k'), "v", {}).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(control.put("a", std::string(transport::kControlValueMax, 'v'), {}));
  EXPECT_EQ(control.put("a", std::string(transport::kControlValueMax + 1, 'v'), {}).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace tidings::conformance
