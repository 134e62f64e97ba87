// A transport whose limit is lower than that of who published: on a broker, a topic's limit was raised for others.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "tidings/transport/transport.hpp"

namespace tidings::conformance {

class NarrowTransport final : public transport::Transport {
 public:
  NarrowTransport(std::shared_ptr<transport::Transport> transport, std::size_t record_bytes_max)
      : transport_{std::move(transport)}, capabilities_{transport_->capabilities()} {
    capabilities_.record_bytes_max = std::min(capabilities_.record_bytes_max, record_bytes_max);
  }

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
  transport::Capabilities capabilities_;
};

}  // namespace tidings::conformance
