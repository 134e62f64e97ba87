#include "telemetry/metrics.hpp"

#include <gmock/gmock.h>

#include "telemetry/label_table.hpp"

namespace tidings::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

Decision decision(Step step, Reason reason = Reason::none) {
  return {.step = step, .reason = reason, .service = "pay", .group = "pay-group", .type = "OrderCreated"};
}

// A31, G1: the article's names.
TEST(Metrics, CountOutcomesByServiceGroupAndType) {
  Metrics metrics;
  metrics.observe(decision(Step::accepted));
  metrics.observe(decision(Step::accepted));
  metrics.observe(decision(Step::retrying));
  const std::string text = metrics.render({});
  EXPECT_THAT(text, HasSubstr("# TYPE events_processed_total counter\n"));
  EXPECT_THAT(text, HasSubstr(R"(events_processed_total{service="pay",group="pay-group",outcome="accepted",)"
                              R"(event_type="OrderCreated"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(outcome="retrying",event_type="OrderCreated"} 1)"));
}

TEST(Metrics, CountDeadLettersByTopicGroupAndReason) {
  Metrics metrics;
  Decision buried = decision(Step::buried, Reason::undecodable);
  buried.topic = "orders";
  buried.position = {1, 2};
  metrics.observe(buried);
  EXPECT_THAT(metrics.render({}),
              HasSubstr(R"(dlq_messages_total{group="pay-group",reason="undecodable",topic="orders"} 1)"));
}

TEST(Metrics, CountSkipsAndIncidentsByKind) {
  Metrics metrics;
  metrics.observe(decision(Step::skipped, Reason::duplicate));
  metrics.observe(decision(Step::held_back));
  const std::string text = metrics.render({});
  EXPECT_THAT(text, HasSubstr(R"(events_skipped_total{service="pay",group="pay-group",reason="duplicate"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(event_incidents_total{service="pay",group="pay-group",kind="held_back"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(outcome="held_back")")));
}

TEST(Metrics, CountPublishesByOutcome) {
  Metrics metrics;
  metrics.observe(decision(Step::published));
  const Error full = overloaded("no room");
  Decision refused = decision(Step::unpublished);
  refused.error = &full;
  metrics.observe(refused);
  const std::string text = metrics.render({});
  EXPECT_THAT(text,
              HasSubstr(R"(event_published_total{service="pay",outcome="confirmed",event_type="OrderCreated"} 1)"));
  EXPECT_THAT(text,
              HasSubstr(R"(event_published_total{service="pay",outcome="overloaded",event_type="OrderCreated"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr("events_processed_total")));
}

TEST(Metrics, MeasureHandlersInBuckets) {
  Metrics metrics;
  for (const Duration took : {Duration{1ms}, Duration{3ms}, Duration{70s}}) {
    Decision accepted = decision(Step::accepted);
    accepted.took = took;
    metrics.observe(accepted);
  }
  const std::string text = metrics.render({});
  EXPECT_THAT(text, HasSubstr("# TYPE event_processing_duration_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr(R"(event_type="OrderCreated",le="0.001"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(event_type="OrderCreated",le="0.005"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(event_type="OrderCreated",le="60"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(event_type="OrderCreated",le="+Inf"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(event_processing_duration_seconds_count{service="pay",group="pay-group",)"
                              R"(event_type="OrderCreated"} 3)"));
}

TEST(Metrics, RenderSamplesOfTheProcess) {
  EXPECT_THAT(Metrics{}.render({{.name = "log_lines_dropped_total",
                                 .help = "Log lines dropped",
                                 .kind = Sample::Kind::counter,
                                 .value = 3}}),
              HasSubstr("log_lines_dropped_total 3\n"));
}

// P9: types come from other people's events.
TEST(Metrics, AreBoundedInNumber) {
  Metrics metrics;
  const std::size_t types = kSeriesMax + 50;
  for (std::size_t i = 0; i < types; ++i) {
    const std::string type = "Type" + std::to_string(i);
    Decision accepted = decision(Step::accepted);
    accepted.type = type;
    metrics.observe(accepted);
  }
  EXPECT_THAT(metrics.render({}), HasSubstr(R"(event_type="other"} 50)"));
}

TEST(Metrics, AreNotBrokenByNamesThatAreNone) {
  for (const std::string_view bad : {std::string_view{"a\xFF"}, std::string_view{""}, std::string_view{"a b"},
                                     std::string_view{"x\"} 1\nfake_total 7"}})
    EXPECT_EQ(label(bad), kOther);
  EXPECT_EQ(label(std::string(kLabelMax + 1, 'a')), kOther);
  EXPECT_EQ(label("order.created"), "order.created");
}

}  // namespace
}  // namespace tidings::telemetry
