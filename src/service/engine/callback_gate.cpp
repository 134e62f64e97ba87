#include "service/engine/callback_gate.hpp"

namespace tidings::service {

bool CallbackGate::close(const Countdown& left) {
  std::unique_lock lock{mutex_};
  closed_ = true;
  return wait_until(*changed_, lock, left, [this] { return inside_ == 0; });
}

void CallbackGate::wake() {
  const std::lock_guard lock{mutex_};
  changed_->notify_all();
}

BusOptions gated(BusOptions options, const std::shared_ptr<CallbackGate>& gate) {
  for (Observer& observer : options.observers) {
    observer = [gate, observe = std::move(observer)](const Decision& decision) {
      gate->pass([&] { observe(decision); });
    };
  }
  if (options.on_trouble) {
    options.on_trouble = [gate, tell = std::move(options.on_trouble)](const Trouble& trouble) {
      gate->pass([&] { tell(trouble); });
    };
  }
  return options;
}

}  // namespace tidings::service
