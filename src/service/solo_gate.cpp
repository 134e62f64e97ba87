#include "service/solo_gate.hpp"

namespace tidings::service {

void SoloGate::enter() {
  std::unique_lock lock{mutex_};
  while (alone_ || waiting_alone_ > 0) changed_->wait_until(lock, kNever);
  ++inside_;
}

void SoloGate::leave() {
  const std::lock_guard lock{mutex_};
  if (--inside_ == 0 && waiting_alone_ > 0) changed_->notify_all();
}

void SoloGate::enter_alone() {
  std::unique_lock lock{mutex_};
  ++waiting_alone_;
  while (alone_ || inside_ > 0) changed_->wait_until(lock, kNever);
  --waiting_alone_;
  alone_ = true;
}

void SoloGate::leave_alone() {
  const std::lock_guard lock{mutex_};
  alone_ = false;
  changed_->notify_all();
}

}  // namespace tidings::service
