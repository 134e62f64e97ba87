#include "scraper.hpp"

#include <gtest/gtest.h>

namespace shop {
namespace {

constexpr auto kMetrics = R"(# HELP events_processed_total Ends of handlings
# TYPE events_processed_total counter
events_processed_total{event_type="A",outcome="retrying",service="s"} 3
events_processed_total{event_type="B",outcome="retrying",service="s"} 4
events_processed_total{event_type="B",outcome="accepted",service="s"} 1e+06
events_processed_total_other{outcome="retrying"} 100
)";

TEST(Scraper, AddsUpTheSeriesOfALabel) {
  EXPECT_EQ(sum_of(kMetrics, "events_processed_total", R"(outcome="retrying")"), 7);
  EXPECT_EQ(sum_of(kMetrics, "events_processed_total", R"(outcome="accepted")"), 1'000'000);
  EXPECT_EQ(sum_of(kMetrics, "events_processed_total", R"(outcome="buried")"), 0);
  EXPECT_EQ(sum_of("", "events_processed_total", ""), 0);
}

TEST(GrowingCounter, GoesOnOverRestarts) {
  GrowingCounter counter;
  for (const std::int64_t seen : {0, 5, 9, 2, 3, 0}) counter.see(seen);
  EXPECT_EQ(counter.total(), 9 + 3);
}

TEST(Scraper, LeavesOutServicesThatDoNotAnswer) {
  Scraper scraper{{"/nowhere/port"}};
  scraper.scrape();
  EXPECT_EQ(scraper.retries(0), 0);
}

}  // namespace
}  // namespace shop
