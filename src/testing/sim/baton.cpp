#include "testing/sim/baton.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::testing {

namespace {

// The task whose thread this is; the maker of a Baton has none of it.
thread_local Baton::Task* current_task = nullptr;

constexpr std::uint64_t kRandomStream = 0x9e3779b97f4a7c15;  // so that random() and the order differ

}  // namespace

Baton::Baton(std::uint64_t seed, Time start)
    : now_{start.time_since_epoch().count()},
      seed_{seed},
      order_{seed},
      random_{seed ^ kRandomStream},
      maker_task_{add("main").get()} {
  running_ = maker_task_;
}

std::uint64_t Baton::random() {
  const Lock lock{mutex_};
  return random_();
}

std::shared_ptr<Baton::Task> Baton::add(std::string name) {
  const Lock lock{mutex_};
  auto task = std::make_shared<Task>();
  task->owner = this;
  task->name = std::move(name);
  tasks_.push_back(task);
  return task;
}

void Baton::begin(Task& task) {
  current_task = &task;
  Lock lock{mutex_};
  task.turn.wait(lock, [&] { return running_ == &task; });
}

void Baton::end(Task& task) {
  const Lock lock{mutex_};
  task.state = Task::State::done;
  for (const auto& other : tasks_) {
    if (other->state == Task::State::joining && other->joined == &task) other->state = Task::State::ready;
  }
  std::erase_if(tasks_, [&](const auto& other) { return other.get() == &task; });
  running_ = &next();
  running_->turn.notify_one();
}

void Baton::sleep(Time deadline) {
  Lock lock{mutex_};
  Task& task = self();
  task.state = Task::State::waiting;
  task.deadline = deadline;
  task.signal = nullptr;
  pass(lock, task);
}

void Baton::wait(const void* signal, std::unique_lock<std::mutex>& lock, Time deadline) {
  {
    Lock scheduling{mutex_};
    Task& task = self();
    task.state = Task::State::waiting;
    task.deadline = deadline;
    task.signal = signal;
    lock.unlock();
    pass(scheduling, task);
  }
  // Only one thread runs, so the mutex is free, unless somebody keeps it while waiting for something else.
  if (!lock.try_lock()) {
    const Lock scheduling{mutex_};
    give_up(fmt::format("'{}' finds its mutex locked: another thread waits while holding it", self().name));
  }
}

void Baton::join(const Task& joined) {
  Lock lock{mutex_};
  if (joined.state == Task::State::done) return;
  Task& task = self();
  task.state = Task::State::joining;
  task.joined = &joined;
  task.deadline = now() + SimulatedExecutor::kJoinMax;
  pass(lock, task);
  if (joined.state != Task::State::done) {
    give_up(fmt::format("'{}' does not end, and '{}' waits for that", joined.name, task.name));
  }
}

void Baton::idle(Time until) {
  Lock lock{mutex_};
  Task& task = self();
  task.state = Task::State::idling;
  task.deadline = until;
  pass(lock, task);
}

void Baton::notify(const void* signal) {
  const Lock lock{mutex_};
  for (const auto& task : tasks_) {
    if (task->state == Task::State::waiting && task->signal == signal) task->state = Task::State::ready;
  }
}

Time Baton::nearest_deadline() const {
  const Lock lock{mutex_};
  return nearest();
}

void Baton::set_now(Time now) {
  const Lock lock{mutex_};
  move_clock(now);
}

void Baton::jump(Duration by) {
  const Lock lock{mutex_};
  now_.fetch_add(by.count(), std::memory_order_relaxed);
  for (const auto& task : tasks_) {
    if (by < by.zero() && is_timed(*task) && task->deadline < kNever) task->deadline += by;
  }
}

void Baton::move_clock(Time now) {
  uptime_.fetch_add((now - this->now()).count(), std::memory_order_relaxed);
  now_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  switches_ = 0;
}

Baton::Task& Baton::self() {
  if (current_task != nullptr && current_task->owner == this) return *current_task;
  if (std::this_thread::get_id() == maker_) return *maker_task_;
  give_up("a thread that is none of the simulation's waits; spawn it by the executor");
}

void Baton::pass(Lock& lock, Task& from) {
  running_ = &next();
  if (running_ == &from) return;
  running_->turn.notify_one();
  from.turn.wait(lock, [&] { return running_ == &from; });
}

// Chooses who runs, and moves the clock when nobody can.
Baton::Task& Baton::next() {
  if (++switches_ > SimulatedExecutor::kSwitchesMax)
    give_up("the clock stands still: some thread waits in a loop for nothing");
  wake_due();
  if (const auto ready = ready_tasks(); !ready.empty()) return drawn(ready);
  const Time then = nearest();
  if (Task* task = idler(then)) return *task;
  if (then >= kNever) give_up("nobody can ever run again (deadlock)");
  move_clock(then);
  wake_due();
  return drawn(ready_tasks());
}

Baton::Task& Baton::drawn(const std::vector<Task*>& ready) {
  Task& task = *ready[ready.size() == 1 ? 0 : order_() % ready.size()];
  task.state = Task::State::ready;
  return task;
}

bool Baton::is_timed(const Task& task) {
  return task.state == Task::State::waiting || task.state == Task::State::joining;
}

Baton::Task* Baton::idler(Time nearest) const {
  Task& task = *maker_task_;
  return task.state == Task::State::idling && task.deadline < nearest ? &task : nullptr;
}

std::vector<Baton::Task*> Baton::ready_tasks() const {
  std::vector<Task*> ready;
  for (const auto& task : tasks_) {
    if (task->state == Task::State::ready) ready.push_back(task.get());
  }
  return ready;
}

Time Baton::nearest() const {
  Time nearest = kNever;
  for (const auto& task : tasks_) {
    if (is_timed(*task)) nearest = std::min(nearest, task->deadline);
  }
  return nearest;
}

void Baton::wake_due() {
  for (const auto& task : tasks_) {
    if (is_timed(*task) && task->deadline <= now()) task->state = Task::State::ready;
  }
}

void Baton::give_up(const std::string& why) const {
  std::string text = fmt::format("the simulation (seed {}) is stuck: {}\n", seed_, why);
  for (const auto& task : tasks_) text += fmt::format("  {}: {}\n", task->name, describe(*task));
  std::fputs(text.c_str(), stderr);
  std::abort();
}

std::string Baton::describe(const Task& task) const {
  switch (task.state) {
    case Task::State::ready:
      return &task == running_ ? "runs" : "could run";
    case Task::State::waiting:
      if (task.deadline >= kNever) return "waits to be notified";
      return fmt::format("{} for {} ms more", task.signal ? "waits to be notified" : "sleeps",
                         (task.deadline - now()).count() / 1000);
    case Task::State::joining:
      return fmt::format("waits for the end of '{}'", task.joined->name);
    case Task::State::idling:
      return "waits for the others to be idle";
    case Task::State::done:
      return "is done";
  }
  return {};
}

}  // namespace tidings::testing
