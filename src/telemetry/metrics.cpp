#include "telemetry/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "telemetry/label_table.hpp"

namespace tidings::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Counter = std::atomic<std::uint64_t>;

// Ends of one handling: what `events_processed_total` counts.
bool is_outcome(Step step) {
  return step == Step::accepted || step == Step::retrying || step == Step::buried || step == Step::skipped ||
         step == Step::released;
}

// Whether a handler ran: only then does the duration mean anything.
bool is_handled(const Decision& decision) {
  return decision.took > Duration::zero() &&
         (decision.step == Step::accepted || decision.step == Step::retrying || decision.step == Step::buried);
}

template <std::size_t N>
std::vector<ClientMetric::Label> labels_of(const std::array<const char*, N>& names,
                                           const std::array<std::string, N>& values) {
  std::vector<ClientMetric::Label> labels;
  for (std::size_t i = 0; i < N; ++i) labels.push_back({names[i], values[i]});
  return labels;
}

void sort_series(MetricFamily& family) {
  std::ranges::sort(family.metric, [](const ClientMetric& left, const ClientMetric& right) {
    return std::ranges::lexicographical_compare(left.label, right.label, {}, &ClientMetric::Label::value,
                                                &ClientMetric::Label::value);
  });
}

template <std::size_t N>
MetricFamily counters(std::string name, std::string help, const std::array<const char*, N>& labels,
                      const LabelTable<N, Counter>& table) {
  MetricFamily family{std::move(name), std::move(help), MetricType::Counter, {}};
  table.each([&](const auto& values, const Counter& count) {
    ClientMetric metric;
    metric.label = labels_of(labels, values);
    metric.counter.value = static_cast<double>(count.load(std::memory_order_relaxed));
    family.metric.push_back(std::move(metric));
  });
  sort_series(family);
  return family;
}

ClientMetric::Histogram histogram_of(const Histogram& histogram) {
  ClientMetric::Histogram out;
  std::uint64_t below = 0;
  const auto counts = histogram.counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    out.bucket.push_back(
        {below, i < kDurationBounds.size() ? kDurationBounds[i] : std::numeric_limits<double>::infinity()});
  }
  out.sample_count = below;
  out.sample_sum = histogram.sum_seconds();
  return out;
}

MetricFamily family_of(const Sample& sample) {
  const bool counter = sample.kind == Sample::Kind::counter;
  ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  metric.counter.value = sample.value;
  metric.gauge.value = sample.value;
  return {sample.name, sample.help, counter ? MetricType::Counter : MetricType::Gauge, {metric}};
}

}  // namespace

void Histogram::observe(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = std::ranges::lower_bound(kDurationBounds, seconds) - kDurationBounds.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  micros_.fetch_add(duration.count(), std::memory_order_relaxed);
}

std::array<std::uint64_t, kDurationBounds.size() + 1> Histogram::counts() const {
  std::array<std::uint64_t, kDurationBounds.size() + 1> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = counts_[i].load(std::memory_order_relaxed);
  return all;
}

class Metrics::State final {
 public:
  void observe(const Decision& decision) {
    const std::string_view service = decision.service, group = decision.group, type = label(decision.type);
    const auto add = [](Counter& counter) { counter.fetch_add(1, std::memory_order_relaxed); };
    if (decision.step == Step::published || decision.step == Step::unpublished) {
      const std::string_view outcome = decision.error ? to_string(decision.error->kind) : "confirmed";
      return add(published_.at({service, outcome, type}));
    }
    if (is_outcome(decision.step)) {
      add(processed_.at({service, group, to_string(decision.step), type}));
    } else {
      add(incidents_.at({service, group, to_string(decision.step)}));
    }
    if (decision.step == Step::skipped) add(skipped_.at({service, group, to_string(decision.reason)}));
    if (decision.step == Step::buried) {
      add(dead_.at({group, to_string(decision.reason), label(decision.topic)}));
    }
    if (is_handled(decision)) duration_.at({service, group, type}).observe(decision.took);
  }

  std::vector<MetricFamily> families() const {
    std::vector<MetricFamily> all;
    all.push_back(counters("events_processed_total", "Ends of handlings of events, by outcome",
                           std::array{"service", "group", "outcome", "event_type"}, processed_));
    all.push_back(counters("dlq_messages_total", "Events that became dead letters",
                           std::array{"group", "reason", "topic"}, dead_));
    all.push_back(counters("events_skipped_total", "Events that were settled without a handler, by reason",
                           std::array{"service", "group", "reason"}, skipped_));
    all.push_back(counters("event_published_total", "Events published: confirmed, or the kind of the refusal",
                           std::array{"service", "outcome", "event_type"}, published_));
    all.push_back(counters("event_incidents_total",
                           "Timeouts, crash suspects, partitions held back, refused settlements",
                           std::array{"service", "group", "kind"}, incidents_));
    all.push_back(durations());
    return all;
  }

 private:
  MetricFamily durations() const {
    MetricFamily family{"event_processing_duration_seconds", "Time in handlers", MetricType::Histogram, {}};
    duration_.each([&](const auto& values, const Histogram& histogram) {
      ClientMetric metric;
      metric.label = labels_of(std::array{"service", "group", "event_type"}, values);
      metric.histogram = histogram_of(histogram);
      family.metric.push_back(std::move(metric));
    });
    sort_series(family);
    return family;
  }

  LabelTable<4, Counter> processed_{kSeriesMax};
  LabelTable<3, Counter> dead_{kSeriesMax};
  LabelTable<3, Counter> skipped_{kSeriesMax};
  LabelTable<3, Counter> published_{kSeriesMax};
  LabelTable<3, Counter> incidents_{kSeriesMax};
  LabelTable<3, Histogram> duration_{kSeriesMax};
};

Metrics::Metrics() : state_{std::make_unique<State>()} {}
Metrics::~Metrics() = default;

void Metrics::observe(const Decision& decision) {
  state_->observe(decision);
}

std::string Metrics::render(const std::vector<Sample>& samples) const {
  std::vector<MetricFamily> families = state_->families();
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
  for (const Sample& sample : samples) families.push_back(family_of(sample));
  return prometheus::TextSerializer{}.Serialize(families);
}

Observer count_decisions(std::shared_ptr<Metrics> metrics) {
  return [metrics = std::move(metrics)](const Decision& decision) { metrics->observe(decision); };
}

}  // namespace tidings::telemetry
