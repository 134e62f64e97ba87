#include "shop_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "stores.hpp"
#include "text.hpp"
#include "tidings/transport/linked.hpp"

namespace shop {

using tidings::Duration;
using tidings::Result;
namespace fs = std::filesystem;
namespace transport = tidings::transport;

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds{100};
constexpr auto kScrapeEvery = std::chrono::milliseconds{500};
constexpr auto kDrainWithin = std::chrono::seconds{20};
constexpr auto kBlindMost = std::chrono::seconds{60};

transport::Declaration topics_of_the_shop() {
  transport::Declaration declaration;
  for (const auto topic : kTopics)
    declaration.topics.push_back({.name = std::string{topic}, .command = topic == kDestination});
  return declaration;
}

std::string port_file(const std::string& directory, std::string_view service) {
  return fmt::format("{}/logs/{}.port", directory, service);
}

std::vector<std::string> port_files(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& service : kServices) files.push_back(port_file(directory, service.group));
  return files;
}

}  // namespace

ShopRun::ShopRun(const DemoOptions& options, Screen screen, std::shared_ptr<tidings::Executor> executor,
                 const std::atomic<int>& interrupted)
    : options_{options},
      screen_{screen},
      executor_{std::move(executor)},
      interrupted_{interrupted},
      scraper_{port_files(options.directory)} {}

Result<std::unique_ptr<ShopRun>> ShopRun::prepare(const DemoOptions& options, Screen screen,
                                                  std::shared_ptr<tidings::Executor> executor,
                                                  const std::atomic<int>& interrupted) {
  std::unique_ptr<ShopRun> run{new ShopRun{options, screen, std::move(executor), interrupted}};
  if (auto opened = run->open(); !opened) return opened.error();
  return run;
}

Result<void> ShopRun::open() {
  if (auto begun = carry_on_or_begin(); !begun) return begun;
  malformed_ = malformed_events(plan_.seed, executor_->now());
  deliveries_ = deliveries_of(purchases_);
  if (auto opened = open_transport(); !opened) return opened;
  auto intruder = Intruder::create(*transport_, *executor_, malformed_);
  if (!intruder) return intruder.error();
  intruder_.emplace(std::move(*intruder));
  fleet_.emplace(members(), *executor_);
  return {};
}

Result<void> ShopRun::carry_on_or_begin() {
  plan_ = {.seed = options_.seed, .orders = options_.orders};
  if (options_.keep == Keep::last) {
    auto last = last_run(options_.directory);
    if (!last) return last.error();
    plan_.seed = last->seed;
    plan_.orders = options_.orders == kAllOrders ? last->orders : std::max(last->orders, options_.orders);
  }
  auto purchases = read_orders(options_.data, plan_.orders);
  if (!purchases) return purchases.error();
  purchases_ = std::move(*purchases);
  plan_.orders = purchases_.size();
  return options_.keep == Keep::last ? note_plan(options_.directory, plan_) : begin_run(options_.directory, plan_);
}

Result<void> ShopRun::open_transport() {
  url_ = options_.transport;
  if (url_ == "local") url_ = fmt::format("local:{}/events?sync={}", options_.directory, options_.sync);
  auto opened = transport::open(url_, executor_);
  if (!opened) return opened.error();
  transport_ = std::move(*opened);
  return transport_->declare(topics_of_the_shop());
}

std::vector<FleetMember> ShopRun::members() const {
  std::vector<FleetMember> members;
  for (const auto& service : kServices) {
    std::vector<std::string> arguments{fmt::format("{}/{}", options_.programs, service.program),
                                       "--transport",
                                       url_,
                                       "--instance",
                                       fmt::format("{}-1", service.group),
                                       "--admin",
                                       "127.0.0.1:0",
                                       "--admin-port-file",
                                       port_file(options_.directory, service.group)};
    if (service.group == "order-service")
      arguments.insert(arguments.end(), {"--data", options_.data, "--orders", fmt::format("{}", plan_.orders)});
    members.push_back({.name = std::string{service.group},
                       .command = {.arguments = std::move(arguments),
                                   .environment = {fmt::format("SHOP_DIR={}", options_.directory),
                                                   fmt::format("SHOP_SEED={}", plan_.seed),
                                                   fmt::format("SHOP_CONCURRENCY={}", options_.concurrency)},
                                   .log = fmt::format("{}/logs/{}.log", options_.directory, service.group)}});
  }
  return members;
}

Result<RunEnd> ShopRun::drive() {
  begun_ = executor_->now();
  if (options_.crash == Crash::now_and_then)
    chaos_.emplace(plan_.seed, std::chrono::milliseconds{options_.crash_every_ms}, begun_);
  note_ = chaos_ ? "services are killed now and then; Ctrl-C drains" : "Ctrl-C drains; --keep carries on";
  if (auto started = fleet_->start(); !started) return started.error();
  auto end = watch();
  if (auto looked = look(); looked) screen_.finish(view(), executor_->now());
  if (!end || *end == RunEnd::interrupted) screen_.say("Draining the services ...");
  auto stopped = fleet_->stop(executor_->now() + kDrainWithin);
  if (!end) return end;
  if (!stopped) return stopped.error();
  return end;
}

Result<RunEnd> ShopRun::watch() {
  while (interrupted_ == 0) {
    if (auto healthy = fleet_->check(); !healthy) return healthy.error();
    if (auto struck = strike(); !struck) return struck.error();
    if (auto run = run_halfway(); !run) return run.error();
    if (auto looked = look_patiently(); !looked) return looked.error();
    screen_.show(view(), executor_->now());
    const auto orders = static_cast<double>(std::max<std::size_t>(1, purchases_.size()));
    if (auto sent = intruder_->send_due(static_cast<double>(placed_) / orders); !sent) return sent.error();
    auto done = settled();
    if (!done) return done.error();
    if (*done) return RunEnd::settled;
    executor_->sleep_until(executor_->now() + kLookEvery);
  }
  return RunEnd::interrupted;
}

Result<void> ShopRun::strike() {
  if (!chaos_) return {};
  const auto victim = chaos_->due(executor_->now(), fleet_->size());
  if (!victim) return {};
  note_ = fmt::format("killed {} (crash {}); Ctrl-C drains", fleet_->name(*victim), fleet_->crashes() + 1);
  return fleet_->crash(*victim);
}

Result<void> ShopRun::run_halfway() {
  if (options_.halfway.empty() || halfway_ || progress_.handled() * 2 < deliveries_) return {};
  auto started = Child::start({.arguments = {"/bin/sh", "-c", options_.halfway},
                               .environment = {},
                               .log = fmt::format("{}/logs/halfway.log", options_.directory)});
  if (!started) return started.error();
  halfway_.emplace(std::move(*started));
  screen_.say(fmt::format("Half of all is handled: {}", options_.halfway));
  return {};
}

// A broker that was killed is gone for a while.
Result<void> ShopRun::look_patiently() {
  auto looked = look();
  if (looked) blind_since_.reset();
  if (looked || looked.error().kind != tidings::ErrorKind::unavailable) return looked;
  const auto now = executor_->now();
  if (!blind_since_) blind_since_ = now;
  if (now - *blind_since_ > kBlindMost) return looked;
  return {};
}

Result<void> ShopRun::look() {
  auto* topology = transport_->operations().topology;
  if (topology == nullptr) return tidings::unsupported("this transport tells no lag; run the shop on local:");
  auto lag = topology->lag();
  if (!lag) return lag.error();
  auto topics = topology->topics();
  if (!topics) return topics.error();
  progress_ = measure(*topics, *lag);
  for (const auto& topic : *topics)
    if (topic.name == "orders") placed_ = topic.records;
  const auto now = executor_->now();
  for (std::size_t i = 0; i < kServices.size(); ++i) rates_[i].add(now, progress_.groups[i].handled);
  rate_.add(now, progress_.handled());
  if (now >= scraped_ + kScrapeEvery) {
    scraper_.scrape();
    scraped_ = now;
  }
  return {};
}

// Nothing more can come when all orders are placed and have left the outbox, and after that no group has anything
// unsettled: what a handler publishes is there with its settlement.
Result<bool> ShopRun::settled() {
  if (!intruder_->done() || progress_.lag() > 0 || placed_ < purchases_.size()) return false;
  auto placed = all_placed();
  if (!placed || !*placed) return placed;
  if (auto looked = look(); !looked) return false;
  settled_at_ = executor_->now();
  return progress_.lag() == 0;
}

Result<bool> ShopRun::all_placed() {
  if (!orders_) {
    auto database = tidings::Sqlite::open(fmt::format("{}/order.db", options_.directory));
    if (!database) return database.error();
    orders_.emplace(std::move(*database));
  }
  auto rows = orders_->value<std::int64_t>("SELECT count(*) FROM orders");
  if (!rows) return rows.error();
  auto unsent = orders_->value<std::int64_t>("SELECT count(*) FROM tidings_outbox");
  if (!unsent) return unsent.error();
  return rows->value_or(0) >= static_cast<std::int64_t>(purchases_.size()) && unsent->value_or(0) == 0;
}

View ShopRun::view() const {
  View view{.title = fmt::format("The shop: {} orders, seed {}, {}", grouped(static_cast<std::int64_t>(plan_.orders)),
                                 plan_.seed, url_),
            .elapsed = executor_->now() - begun_,
            .note = note_};
  const auto done = progress_.handled();
  view.share = static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(1, deliveries_));
  if (rate_.per_second() >= 1)
    view.left = Duration{static_cast<Duration::rep>(static_cast<double>(std::max<std::int64_t>(0, deliveries_ - done)) /
                                                    rate_.per_second() * 1e6)};
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    const auto& group = progress_.groups[i];
    view.services.push_back({.name = std::string{kServices[i].group},
                             .handled = group.handled,
                             .per_second = rates_[i].per_second(),
                             .lag = group.lag,
                             .retries = scraper_.retries(i),
                             .dead = group.dead,
                             .crashes = fleet_->crashes(i)});
  }
  return view;
}

Result<Duration> ShopRun::took() const {
  tidings::Time first = settled_at_;
  auto read =
      transport_->operations().history->read({.topic = "orders"}, {}, 1, [&](const transport::HistoryEntry& entry) {
        first = entry.published;
        return false;
      });
  if (!read) return read.error();
  return settled_at_ - first;
}

Result<bool> ShopRun::make_up_books() {
  auto stores = read_stores(options_.directory, *transport_);
  if (!stores) return stores.error();
  auto time = took();
  if (!time) return time.error();
  const auto books = make_books(purchases_, Bank{plan_.seed}, malformed_, *stores);
  const auto show =
      fmt::format("{} --transport {} dead show", fs::proximate(fs::path{options_.programs} / "tidings").string(),
                  options_.transport == "local" ? "local:" + options_.directory + "/events" : "'" + url_ + "'");
  screen_.say("");
  for (const auto& line : render_dead(stores->dead, malformed_, show)) screen_.say(line);
  screen_.say("");
  for (const auto& line : render(books)) screen_.say(line);
  if (chaos_) screen_.say(fmt::format("{} kills, seed {}.", fleet_->crashes(), plan_.seed));
  if (options_.keep == Keep::fresh)
    screen_.say(
        fmt::format("From first publish to last settlement: {:.1f} s", std::chrono::duration<double>(*time).count()));
  return books.balance();
}

}  // namespace shop
