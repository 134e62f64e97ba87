#include "tidings/transport/retention.hpp"

#include <gmock/gmock.h>

namespace tidings::transport {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Retention, ChangesWhatIsSaidAndNothingElse) {
  const Retention there{.age = 1h, .bytes = 5};
  EXPECT_EQ(changed(there, {}), there);
  EXPECT_EQ(changed(there, {.age = 2h, .unsettled = Unsettled::expire}),
            (Retention{.age = 2h, .bytes = 5, .unsettled = Unsettled::expire}));
}

TEST(Retention, DiffersOnlyWhereBothSaySomething) {
  const Retention there{.age = 1h, .unsettled = Unsettled::keep};
  EXPECT_EQ(difference(there, {}), "");
  EXPECT_EQ(difference(there, {.age = 1h, .bytes = 7}), "");
  EXPECT_EQ(difference(there, {.age = 2h}), "age");
  EXPECT_EQ(difference({.bytes = 1}, {.bytes = 2}), "bytes");
  EXPECT_EQ(difference(there, {.unsettled = Unsettled::expire}), "unsettled");
}

TEST(Retention, IsNoTimeThatIsNegative) {
  EXPECT_THAT(validate({}), IsEmpty());
  EXPECT_THAT(validate({.age = 0us, .bytes = 0}), IsEmpty());
  EXPECT_THAT(validate({.age = -1us}), SizeIs(1));
}

TEST(Retention, HoldsAGroupForGoneAfterItsAgeAndNotBeforeADay) {
  const Time left = Time{} + 1'000h;
  EXPECT_TRUE(is_gone(left, {.age = 48h}, left + 48h + 1us));
  EXPECT_FALSE(is_gone(left, {.age = 48h}, left + 48h));
  for (const auto& age :
       {std::optional<Duration>{}, std::optional<Duration>{1us}, std::optional{Retention::kAgeEndless}}) {
    EXPECT_FALSE(is_gone(left, {.age = age}, left + kGoneAfter));
    EXPECT_TRUE(is_gone(left, {.age = age}, left + kGoneAfter + 1us));
  }
  EXPECT_FALSE(is_gone(left, {}, left - 48h)) << "the clock was set back";
  EXPECT_FALSE(is_gone(std::nullopt, {}, left)) << "nobody knows since when";
}

}  // namespace
}  // namespace tidings::transport
