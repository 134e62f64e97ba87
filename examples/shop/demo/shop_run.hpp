// One run of the shop: starts the services, watches them until all is settled, drains them, makes up the books.
//
// Owns:    the services' processes and the transport's connection; both are gone when it is.
// Threads: one, the one that creates it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bank.hpp"
#include "books.hpp"
#include "fleet.hpp"
#include "intruder.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "run_directory.hpp"
#include "scraper.hpp"
#include "screen.hpp"
#include "tidings/executor.hpp"
#include "tidings/sqlite.hpp"
#include "tidings/transport/transport.hpp"
#include "view.hpp"

namespace shop {

enum class RunEnd { settled, interrupted };

class ShopRun final {
 public:
  // Prepares directory and transport; starts nothing yet. `interrupted` is set by a signal handler.
  static tidings::Result<std::unique_ptr<ShopRun>> prepare(const DemoOptions& options, Screen screen,
                                                           std::shared_ptr<tidings::Executor> executor,
                                                           const std::atomic<int>& interrupted);

  // Until everything is settled, or the user had enough; then the services are drained. unavailable: a service ended
  // by itself.
  tidings::Result<RunEnd> drive();

  // After drive(): prints books and dead letters. False: they do not balance.
  tidings::Result<bool> make_up_books();

 private:
  ShopRun(const DemoOptions& options, Screen screen, std::shared_ptr<tidings::Executor> executor,
          const std::atomic<int>& interrupted);

  tidings::Result<void> open();
  tidings::Result<void> carry_on_or_begin();
  tidings::Result<void> open_transport();
  std::vector<FleetMember> members() const;

  tidings::Result<RunEnd> watch();
  tidings::Result<void> strike();
  tidings::Result<void> run_halfway();
  tidings::Result<void> look();
  tidings::Result<void> look_patiently();
  tidings::Result<bool> settled();
  tidings::Result<bool> all_placed();
  View view() const;
  tidings::Result<tidings::Duration> took() const;

  DemoOptions options_;
  Screen screen_;
  std::shared_ptr<tidings::Executor> executor_;
  const std::atomic<int>& interrupted_;

  std::string url_;
  RunPlan plan_;
  std::vector<Purchase> purchases_;
  std::vector<Malformed> malformed_;
  std::int64_t deliveries_ = 0;
  std::unique_ptr<tidings::transport::Transport> transport_;
  std::optional<Intruder> intruder_;
  std::optional<Fleet> fleet_;
  std::optional<Chaos> chaos_;
  std::optional<Child> halfway_;
  std::optional<tidings::Sqlite> orders_;
  Scraper scraper_;

  tidings::Time begun_{};
  tidings::Time scraped_{};
  tidings::Time settled_at_{};
  std::optional<tidings::Time> blind_since_;  // the transport tells nothing
  Progress progress_;
  std::uint64_t placed_ = 0;  // records of the orders' topic
  std::array<Rate, kServices.size()> rates_;
  Rate rate_{std::chrono::seconds{5}};
  std::string note_;
};

}  // namespace shop
