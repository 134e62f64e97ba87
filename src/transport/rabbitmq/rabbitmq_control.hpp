// Control on RabbitMQ: the view of one space of the control stream.
//
// Threads: any. Blocks: as ControlStream.
#pragma once

#include <memory>

#include "transport/rabbitmq/control_stream.hpp"

namespace tidings::rabbitmq {

class RabbitmqControl final : public transport::Control {
 public:
  // ControlSpace::driver: what the driver's parts tell each other. Users do not see it.
  RabbitmqControl(std::shared_ptr<ControlStream> log, ControlSpace space) : log_{std::move(log)}, space_{space} {}

  Result<std::uint64_t> put(std::string_view key, std::optional<std::string_view> value,
                            const transport::PutOptions& options) override {
    return log_->put(space_, key, value, options);
  }
  Result<std::optional<transport::ControlRecord>> get(std::string_view key) override { return log_->get(space_, key); }
  Result<std::vector<transport::ControlRecord>> list(std::string_view prefix) override {
    return log_->list(space_, prefix);
  }
  Result<std::uint64_t> watch(std::uint64_t seen, Time deadline) override {
    return log_->watch(space_, seen, deadline);
  }

 private:
  const std::shared_ptr<ControlStream> log_;
  const ControlSpace space_;
};

}  // namespace tidings::rabbitmq
