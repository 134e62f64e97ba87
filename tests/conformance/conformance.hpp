// The conformance suite: what every transport promises (P1..P10), as tests of the contract itself.
//
// A driver instantiates it in a source of its own, and links tidings::conformance:
//
//   TIDINGS_CONFORMANCE(memory, (tidings::conformance::Driver{"memory", make_memory_fixture}));
//
// Lower bounds of time are asserted as they stand; upper ones are deadlines ten times as far, for loaded machines.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/fixture.hpp"
#include "tests/conformance/reader.hpp"

namespace tidings::conformance {

inline constexpr int kPatience = 10;  // times the upper bound of what is promised

class Conformance : public ::testing::TestWithParam<Driver> {
 protected:
  explicit Conformance(Room room = Room::ample);
  ~Conformance() override;

  Fixture& fixture() { return *fixture_; }
  Executor& executor() { return *executor_; }
  Time now() const { return executor_->now(); }
  Duration unit() const { return fixture_->unit(); }
  // A unit, and so long that what was published before it has another time than what comes after.
  Duration moment() { return std::max(unit(), capabilities().time_unit); }
  // When what should take `expected` has failed.
  Time deadline(Duration expected) const;
  // How much later than due a retry of that delay may come: as promised on virtual time, else as deadlines are.
  Duration late_max(Duration delay);
  // For what should happen at once.
  Time soon() const { return deadline(std::chrono::seconds{1}); }

  // The view of one process; opened when first asked for.
  transport::Transport& process(const std::string& name);
  transport::Transport& here() { return process("here"); }
  const transport::Capabilities& capabilities() { return here().capabilities(); }
  void close(const std::string& name) { processes_.erase(name); }

  void declare(const transport::Declaration& declaration);
  // Declares it, and expects group `g` there.
  void declare_topic(const std::string& name, std::int32_t partitions = 4);
  // That group joins later, and what is published from now on is there for it: where a group that was never there has
  // nothing of before (Capabilities::keeps_for_later), it joins once and leaves.
  void expect_group(transport::SubscriptionSpec spec);
  void expect_group(const std::string& group, const std::string& topic);

  // Sends and waits: what came back for each.
  std::vector<Result<void>> try_publish(std::vector<transport::Record> records);
  // Likewise; each must be confirmed.
  void publish(std::vector<transport::Record> records);
  // Records `first`.. to `topic`, with their number as id and one of `keys` keys in turn.
  void publish_numbers(const std::string& topic, int first, int count, int keys = 4);

  Reader join(transport::SubscriptionSpec spec, const std::string& process = "here");
  Reader join(const std::string& group, const std::string& topic, const std::string& process = "here");

  std::unique_ptr<Victim> start(const VictimPlan& plan);

  // What comes back of a record: its time as exactly as the transport keeps it; where it had none, whatever the
  // transport stamped on `received`.
  transport::Record as_kept(transport::Record published, const transport::Record& received);

  // For operators.
  std::vector<transport::Record> history(const std::string& topic);
  std::vector<transport::DeadLetter> dead_letters(const std::string& group = "");
  std::optional<transport::LagState> lag(const std::string& group, const std::string& topic);

 private:
  std::unique_ptr<Fixture> fixture_;
  std::shared_ptr<Executor> executor_;
  std::map<std::string, std::unique_ptr<transport::Transport>> processes_;
  std::unique_ptr<transport::Publisher> publisher_;
};

// A record of a number, as publish_numbers() makes them.
transport::Record numbered(const std::string& topic, int number, int keys = 4);

class PublishingConformance : public Conformance {};
class SharingConformance : public Conformance {};
class OrderConformance : public Conformance {};
class SettlingConformance : public Conformance {};
class RetryConformance : public Conformance {};
class CrashConformance : public Conformance {};
class HandOverConformance : public Conformance {};
class SubscriptionConformance : public Conformance {};
class DeadLetterConformance : public Conformance {};
class HistoryConformance : public Conformance {};
class TopologyConformance : public Conformance {};
class ControlConformance : public Conformance {};
class RetentionConformance : public Conformance {
 protected:
  // What a topic does with unsettled events where nothing was said of it.
  transport::Unsettled usual() {
    return capabilities().keeps_unsettled ? transport::Unsettled::keep : transport::Unsettled::expire;
  }
  // Ten events of `orders`, of which group `gone` settled the first, failed at the second, and left.
  void abandon();
  // Keeps nothing longer than it must, and waits until `done()`.
  bool cleaned_until(const transport::Retention& of_orders, const std::function<bool()>& done);
};
class LimitConformance : public Conformance {
 protected:
  LimitConformance() : Conformance{Room::scarce} {}
};

inline std::string driver_name(const ::testing::TestParamInfo<Driver>& tested) {
  return tested.param.name;
}

}  // namespace tidings::conformance

#define TIDINGS_CONFORMANCE_SUITE(PREFIX, SUITE, DRIVER) \
  using tidings::conformance::SUITE;                     \
  INSTANTIATE_TEST_SUITE_P(PREFIX, SUITE, ::testing::Values(DRIVER), tidings::conformance::driver_name)

// All suites, for a Driver; to be used at namespace scope.
#define TIDINGS_CONFORMANCE(PREFIX, DRIVER)                           \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, PublishingConformance, DRIVER);   \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, SharingConformance, DRIVER);      \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, OrderConformance, DRIVER);        \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, SettlingConformance, DRIVER);     \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, RetryConformance, DRIVER);        \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, CrashConformance, DRIVER);        \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, HandOverConformance, DRIVER);     \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, SubscriptionConformance, DRIVER); \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, DeadLetterConformance, DRIVER);   \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, HistoryConformance, DRIVER);      \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, TopologyConformance, DRIVER);     \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, ControlConformance, DRIVER);      \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, RetentionConformance, DRIVER);    \
  TIDINGS_CONFORMANCE_SUITE(PREFIX, LimitConformance, DRIVER)
