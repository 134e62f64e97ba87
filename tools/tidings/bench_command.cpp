#include <fmt/format.h>

#include <memory>

#include "operate/display.hpp"
#include "operate/speed.hpp"
#include "tools/tidings/arguments.hpp"
#include "tools/tidings/commands.hpp"
#include "tools/tidings/progress.hpp"

namespace tidings::cli {

namespace {

std::string megabytes(double events_per_second, std::uint64_t bytes) {
  return fmt::format("{:.1f} MB/s", events_per_second * static_cast<double>(bytes) * 1e-6);
}

std::string rate(double per_second) {
  return fmt::format("{:.0f} events/s", per_second);
}

Table table_of(const operate::SpeedReport& report) {
  Table table{{{"MEASURE"}, {"MEDIAN OR RATE", Align::right}, {"MORE", Align::right}}};
  table.add(
      {"publish, confirmed", rate(report.published_per_second), megabytes(report.published_per_second, report.bytes)});
  table.add(
      {"receive and settle", rate(report.consumed_per_second), megabytes(report.consumed_per_second, report.bytes)});
  if (report.latency_median_ms > 0) {
    table.add({"publish to receipt, alone", fmt::format("{:.2f} ms", report.latency_median_ms),
               fmt::format("p99 {:.2f} ms", report.latency_p99_ms)});
  }
  return table;
}

int bench(const operate::SpeedPlan& plan, Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::created, code);
  if (!transport) return code;
  const auto report = with_progress(session, code, [&](const auto& go_on) {
    return operate::measure_speed(*transport, *session.around().executor, plan,
                                  [&](std::string_view doing, std::size_t done, std::size_t all) {
                                    return go_on([&] { return fmt::format("{}: {} of {}", doing, done, all); });
                                  });
  });
  if (!report) return code;
  if (session.json()) {
    session.print_json(*report);
    return kDone;
  }
  session.print(table_of(*report));
  session.note(fmt::format("{} events of {} bytes in batches of {}, and {} alone; topic {}", report->events,
                           report->bytes, report->batch, report->one_by_one, operate::printable(report->topic)));
  return kDone;
}

}  // namespace

void add_bench(CLI::App& app, Command& command) {
  auto* bench_app = app.add_subcommand("bench", "Measure this transport: publish, consume, latency");
  const auto plan = std::make_shared<operate::SpeedPlan>();
  const auto count = [&](const char* name, std::size_t& value, const char* help, std::size_t most) {
    bench_app->add_option(name, value, help)->option_text("N")->check(count_up_to(most));
  };
  count("--events", plan->events, "How many (100000)", 10'000'000);
  count("--bytes", plan->bytes, "Of a body (512)", operate::kSpeedBytesMax);
  count("--batch", plan->batch, "Published by one call (100)", operate::kSpeedBatchMax);
  bench_app->add_option("--topic", plan->topic, "A topic for it (tidings-bench)")->option_text("NAME");
  bench_app->footer(
      "Publishes events of its own and reads them by a group of its own, which it\n"
      "removes. They go by retention: after a minute, in the topic that it makes.\n"
      "Then 200 go one by one, or as many as do so in 10 s. No subscription of a\n"
      "pattern gets any of them. Killed, it leaves a group `tidings-bench-...`:\n"
      "`tidings groups remove` takes it away.\n"
      "\n"
      "Example: tidings --transport local:/tmp/try bench --events 20000");
  bench_app->callback([plan, &command] { command = [plan](Session& session) { return bench(*plan, session); }; });
}

}  // namespace tidings::cli
