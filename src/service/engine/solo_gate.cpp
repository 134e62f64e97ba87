#include "service/engine/solo_gate.hpp"

namespace tidings::service {

void SoloGate::enter() {
  ++inside_;
  if (!shut_) return;
  std::unique_lock lock{mutex_};
  if (--inside_ == 0) changed_->notify_all();
  while (shut_) changed_->wait_until(lock, kNever);
  ++inside_;
}

void SoloGate::leave() {
  if (--inside_ > 0 || !shut_) return;
  const std::lock_guard lock{mutex_};
  changed_->notify_all();
}

void SoloGate::enter_alone() {
  std::unique_lock lock{mutex_};
  ++waiting_alone_;
  shut_ = true;
  while (alone_ || inside_ > 0) changed_->wait_until(lock, kNever);
  --waiting_alone_;
  alone_ = true;
}

void SoloGate::leave_alone() {
  const std::lock_guard lock{mutex_};
  alone_ = false;
  shut_ = waiting_alone_ > 0;
  changed_->notify_all();
}

}  // namespace tidings::service
