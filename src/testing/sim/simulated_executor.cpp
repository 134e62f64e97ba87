#include "tidings/testing/simulated_executor.hpp"

#include <pthread.h>

#include <thread>
#include <utility>

#include "testing/sim/baton.hpp"

namespace tidings::testing {

namespace {

class SimulatedCondition final : public Condition {
 public:
  explicit SimulatedCondition(std::shared_ptr<Baton> baton) : baton_{std::move(baton)} {}

  void wait_until(std::unique_lock<std::mutex>& lock, Time deadline) override { baton_->wait(this, lock, deadline); }
  void notify_all() override { baton_->notify(this); }

 private:
  std::shared_ptr<Baton> baton_;
};

class SimulatedThread final : public Thread {
 public:
  SimulatedThread(std::shared_ptr<Baton> baton, std::string name, std::function<void()> body)
      : baton_{std::move(baton)},
        task_{baton_->add(name)},
        thread_{[baton = baton_, task = task_, body = std::move(body)]() mutable {
          baton->begin(*task);
          std::exchange(body, nullptr)();  // what it holds is gone before the baton is
          baton->end(*task);
        }} {
    name.resize(std::min<std::size_t>(name.size(), 15));
    pthread_setname_np(thread_.native_handle(), name.c_str());
  }
  ~SimulatedThread() override {
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
      return;
    }
    baton_->join(*task_);
    thread_.join();
  }

 private:
  std::shared_ptr<Baton> baton_;
  std::shared_ptr<Baton::Task> task_;
  std::thread thread_;
};

}  // namespace

SimulatedExecutor::SimulatedExecutor(std::uint64_t seed, Time start) : baton_{std::make_shared<Baton>(seed, start)} {}

SimulatedExecutor::~SimulatedExecutor() = default;

Time SimulatedExecutor::now() const {
  return baton_->now();
}

Duration SimulatedExecutor::uptime() const {
  return baton_->uptime();
}

std::unique_ptr<Condition> SimulatedExecutor::condition() {
  return std::make_unique<SimulatedCondition>(baton_);
}

std::unique_ptr<Thread> SimulatedExecutor::spawn(std::string name, std::function<void()> body) {
  return std::make_unique<SimulatedThread>(baton_, std::move(name), std::move(body));
}

void SimulatedExecutor::sleep_until(Time deadline) {
  baton_->sleep(deadline);
}

std::uint64_t SimulatedExecutor::random() {
  return baton_->random();
}

Moment SimulatedExecutor::next_moment() {
  return baton_->next_moment();
}

void SimulatedExecutor::run_until_idle(Duration within) {
  baton_->idle(now() + within);
}

void SimulatedExecutor::run_for(Duration duration) {
  const Time end = now() + duration;
  baton_->idle(end);
  baton_->set_now(end);
}

bool SimulatedExecutor::run_until(const std::function<bool()>& done, Duration within) {
  const Time end = now() + within;
  while (true) {
    baton_->idle(now());
    if (done()) return true;
    const Time next = baton_->nearest_deadline();
    if (next > end) return false;
    baton_->set_now(next);
  }
}

void SimulatedExecutor::jump(Duration by) {
  baton_->jump(by);
}

}  // namespace tidings::testing
