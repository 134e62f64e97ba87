// The suite on `local:`, on real time, with real processes and a real SIGKILL (A38).
#include <cstdlib>
#include <fstream>

#include "tests/conformance/child_processes.hpp"
#include "tests/conformance/service/service_conformance.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/local/local_transport.hpp"
#include "transport/local/store/reaping.hpp"
#include "transport/local/store/store_registry.hpp"

namespace tidings::conformance {
namespace {

using testing::ChildProcess;

// Another process has the store's writer lock, and does nothing with it.
class LocalInterruption final : public Interruption {
 public:
  explicit LocalInterruption(const std::filesystem::path& store)
      : holder_{{.program = LOCAL_LOCK_HOLDER, .arguments = {store}}} {
    if (!holder_.wait_for_output("holding")) throw std::runtime_error{holder_.error_output()};
  }

 private:
  ChildProcess holder_;
};

// No commit succeeds.
class LocalRefusal final : public Interruption {
 public:
  explicit LocalRefusal(std::filesystem::path path) : path_{std::move(path)} { std::ofstream{path_}; }
  ~LocalRefusal() override { std::filesystem::remove(path_); }

 private:
  const std::filesystem::path path_;
};

// Nothing is to be brought back: who was cut off comes back by itself.
class LocalCutOff final : public Interruption {};

class LocalFixture final : public Fixture {
 public:
  explicit LocalFixture(Room room) {
    if (room == Room::scarce) options_ = "?size_max=" + std::to_string(kScarceBytesMax / 4);
    ::setenv(kRefuseWhile, refusal().c_str(), 1);
    ::unsetenv(kGoneAfter);
  }

  std::shared_ptr<Executor> executor() override { return executor_; }
  // Opens in one process share the store; each is a member of its own.
  Result<std::unique_ptr<transport::Transport>> open(const std::string&) override {
    return local::open_local(url(), executor_);
  }
  Result<std::unique_ptr<Victim>> start(const VictimPlan& plan) override { return start_victim(url_text(), plan); }
  std::filesystem::path directory() const override { return scratch_.path(); }
  Result<std::unique_ptr<WorkerProcess>> start_worker(const WorkerPlan& plan) override {
    Environment environment = surroundings();
    if (plan.dies_at.ends_with("_commit"))
      environment.emplace("TIDINGS_FAULT", plan.dies_at + ":" + std::to_string(plan.dies_after));
    return conformance::start_worker(url_text(), directory(), plan, std::move(environment));
  }
  Result<std::unique_ptr<WorkerProcess>> start_feeder(const FeederPlan& plan) override {
    return conformance::start_feeder(url_text(), directory(), plan, surroundings());
  }
  std::vector<std::string> fault_points() const override { return {"before_commit", "after_commit"}; }
  std::vector<Away> interruptions() const override { return {Away::refusing, Away::hanging}; }
  std::unique_ptr<Interruption> interrupt(Away how) override {
    if (how == Away::refusing) return std::make_unique<LocalRefusal>(refusal());
    return std::make_unique<LocalInterruption>(scratch_ / "store");
  }
  // As if its process had died.
  std::unique_ptr<Interruption> cut_off(const std::string& instance) override {
    const auto store = local::shared_store(*local::options_from(url()), executor_).value();
    const auto done = store->committer().perform([&](local::Commit& commit) -> Result<void> {
      for (const local::MemberRow& member : local::all_members(commit.transaction())) {
        if (member.instance == instance) local::reap(commit, scratch_ / "store", member);
      }
      return {};
    });
    if (!done) throw std::runtime_error{done.error().message};
    return std::make_unique<LocalCutOff>();
  }
  Duration hasten_gone() override {
    const std::chrono::milliseconds soon{500};
    ::setenv(kGoneAfter, std::to_string(soon.count()).c_str(), 1);
    return soon;
  }
  Duration unit() const override { return std::chrono::milliseconds{100}; }
  Duration hand_over_max() const override { return std::chrono::seconds{5}; }

 private:
  static constexpr const char* kRefuseWhile = "TIDINGS_REFUSE_WHILE";
  static constexpr const char* kGoneAfter = "TIDINGS_GONE_AFTER_MS";

  std::string url_text() const { return "local:" + (scratch_ / "store").string() + options_; }
  transport::Url url() const { return transport::parse_url(url_text()).value(); }
  std::filesystem::path refusal() const { return scratch_ / "refuse"; }
  // What this store's processes get besides its URL.
  Environment surroundings() const { return {{kRefuseWhile, refusal()}}; }

  std::shared_ptr<Executor> executor_ = thread_executor();
  testing::ScratchDirectory scratch_;
  std::string options_;  // of the URL
};

}  // namespace

const Driver kLocal{"local", [](Room room) { return std::make_unique<LocalFixture>(room); }};

TIDINGS_CONFORMANCE(Local, kLocal);
TIDINGS_SERVICE_CONFORMANCE(Local, kLocal);

}  // namespace tidings::conformance
