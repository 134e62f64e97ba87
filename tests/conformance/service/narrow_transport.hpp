// A transport that says it can do less: a lower limit than that of who published (on a broker, a topic's limit was
// raised for others), or positions that name no event.
#pragma once

#include <memory>
#include <utility>

#include "tidings/transport/transport.hpp"

namespace tidings::conformance {

class NarrowTransport final : public transport::Transport {
 public:
  NarrowTransport(std::shared_ptr<transport::Transport> transport, transport::Capabilities capabilities)
      : transport_{std::move(transport)}, capabilities_{std::move(capabilities)} {}

  const transport::Capabilities& capabilities() const override { return capabilities_; }
  Result<void> declare(const transport::Declaration& declaration) override { return transport_->declare(declaration); }
  Result<std::unique_ptr<transport::Publisher>> publisher(const transport::PublisherOptions& options) override {
    return transport_->publisher(options);
  }
  Result<std::unique_ptr<transport::Consumer>> consumer(const transport::SubscriptionSpec& spec) override {
    return transport_->consumer(spec);
  }
  transport::Control& control() override { return transport_->control(); }
  transport::Operator operations() override { return transport_->operations(); }
  Result<void> check(Time deadline) override { return transport_->check(deadline); }

 private:
  const std::shared_ptr<transport::Transport> transport_;
  const transport::Capabilities capabilities_;
};

}  // namespace tidings::conformance
