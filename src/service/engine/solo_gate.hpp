// Lets one suspect run with nothing beside it in the whole process (promise P5).
//
// A crash ends the process, whatever of it was at fault: only what ran alone can be charged. Normal runs pass side by
// side; a suspect waits until they have left, and those that come meanwhile wait behind it. It leaves when it is
// settled: until then its mark would charge it with the crash of the next one.
//
// Threads: any. Blocks: enter() while a suspect waits or runs, enter_alone() while anything runs.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "base/flaw.hpp"
#include "tidings/executor.hpp"

namespace tidings::service {

class SoloGate final {
 public:
  explicit SoloGate(Executor& executor) : changed_{executor.condition()} {}

  void enter();
  void leave();
  void enter_alone();
  void leave_alone();

 private:
  std::mutex mutex_;
  std::unique_ptr<Condition> changed_;
  // Who enters counts first and looks then; who wants to be alone shuts first and counts then: one sees the other.
  std::atomic<std::size_t> inside_ = 0;
  std::atomic<bool> shut_ = false;  // somebody is alone, or waits for it; written under the mutex
  std::size_t waiting_alone_ = 0;
  bool alone_ = false;
};

// Inside the gate for as long as it lives.
class GatePass final {
 public:
  enum class Company { beside_others, alone };
  GatePass(SoloGate& gate, Company company)
      : gate_{gate}, company_{flawed(Flaw::suspect_beside_others) ? Company::beside_others : company} {
    company_ == Company::alone ? gate_.enter_alone() : gate_.enter();
  }
  ~GatePass() { company_ == Company::alone ? gate_.leave_alone() : gate_.leave(); }
  GatePass(const GatePass&) = delete;
  GatePass& operator=(const GatePass&) = delete;

 private:
  SoloGate& gate_;
  Company company_;
};

}  // namespace tidings::service
