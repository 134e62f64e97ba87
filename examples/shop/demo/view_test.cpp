#include "view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text.hpp"

namespace shop {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;
using ::testing::Property;
using namespace std::chrono_literals;

View some_view() {
  return {.title = "The shop: 69,659 orders on local:build/demo, seed 1997",
          .elapsed = 12s,
          .share = 0.585,
          .left = 9s,
          .services = {{.name = "order-service", .handled = 139'238, .per_second = 5'001.4, .lag = 21, .dead = 2},
                       {.name = "payment-service",
                        .handled = 69'659,
                        .per_second = 2'400,
                        .lag = 1'234,
                        .retries = 702,
                        .dead = 4,
                        .crashes = 3}},
          .note = "Ctrl-C ends it in good order"};
}

// A2
TEST(View, ShowsBarAndServices) {
  EXPECT_THAT(render(some_view()),
              ElementsAre("The shop: 69,659 orders on local:build/demo, seed 1997",
                          "[##########################--------------------]  58%    00:12  ETA 00:09",
                          "service                handled  events/s       lag  retries  dead  crashes",
                          "order-service          139,238     5,001        21        0     2        0",
                          "payment-service         69,659     2,400     1,234      702     4        3",
                          "all                    208,897     7,401     1,255      702     6        3",
                          "Ctrl-C ends it in good order"));
}

// A2
TEST(View, FitsAnOrdinaryTerminalWhateverItShows) {
  auto view = some_view();
  view.title = view.note = std::string(200, 'x');
  view.elapsed = 100h;
  view.left = std::nullopt;
  view.services.push_back({.name = std::string(50, 's'),
                           .handled = 9'999'999,
                           .per_second = 9'999'999,
                           .lag = 9'999'999,
                           .retries = 9'999'999,
                           .dead = 9'999,
                           .crashes = 99'999});
  EXPECT_THAT(render(view), Each(Property(&std::string::size, Le(kViewWidth))));
}

TEST(View, SumsUpInOneLine) {
  EXPECT_EQ(render_line(some_view()),
            "00:12   58%  ETA 00:09  handled 208,897  7,401/s  lag 1,255  retries 702  dead 6  crashes 3");
}

TEST(View, IsNotDoneBeforeAllIsDone) {
  auto view = some_view();
  view.share = 0.9999;
  EXPECT_THAT(render_line(view), ::testing::HasSubstr("99%"));
  view.share = 1;
  EXPECT_THAT(render_line(view), ::testing::HasSubstr("100%"));
}

TEST(Rate, LooksAtTheLatestSeconds) {
  Rate rate{3s};
  EXPECT_EQ(rate.per_second(), 0);
  tidings::Time now{100s};
  for (int i = 0; i <= 10; ++i) rate.add(now + i * 1s, i <= 5 ? i * 1'000 : 5'000 + (i - 5) * 10);
  EXPECT_DOUBLE_EQ(rate.per_second(), 10);
}

TEST(Rate, IsNeverNegative) {
  Rate rate{3s};
  rate.add(tidings::Time{1s}, 10);
  rate.add(tidings::Time{2s}, 5);
  EXPECT_EQ(rate.per_second(), 0);
}

TEST(Text, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(-1'234'567), "-1,234,567");
  EXPECT_EQ(grouped(INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(Text, WritesDollarsAndTimes) {
  EXPECT_EQ(dollars(tidings::Money{2'500'315'63}), "$2,500,315.63");
  EXPECT_EQ(dollars(tidings::Money{5}), "$0.05");
  EXPECT_EQ(clock_text(65s), "01:05");
  EXPECT_EQ(clock_text(3723s), "1:02:03");
}

TEST(Text, CutsWhatDoesNotFit) {
  EXPECT_EQ(fitted("short", 5), "short");
  EXPECT_EQ(fitted("longer", 5), "lon..");
}

}  // namespace
}  // namespace shop
