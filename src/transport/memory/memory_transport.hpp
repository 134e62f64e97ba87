// The `memory:` transport: a view of a MemoryBroker from one of its processes.
//
// Threads: any.
#pragma once

#include <memory>
#include <string>

#include "tidings/transport/transport.hpp"
#include "tidings/transport/url.hpp"
#include "transport/memory/memory_broker.hpp"
#include "transport/memory/memory_operator.hpp"

namespace tidings::memory {

// A deployment of its own, which nobody else can open: `memory:`, `memory:NAME`. To share one, make a MemoryBroker.
Result<std::unique_ptr<transport::Transport>> open_memory(const transport::Url& url,
                                                          std::shared_ptr<Executor> executor);

class MemoryTransport final : public transport::Transport {
 public:
  MemoryTransport(std::shared_ptr<MemoryBroker> broker, std::string process);
  ~MemoryTransport() override;

  const transport::Capabilities& capabilities() const override { return capabilities_; }
  Result<void> declare(const transport::Declaration& declaration) override;
  Result<std::unique_ptr<transport::Publisher>> publisher(const transport::PublisherOptions& options) override;
  Result<std::unique_ptr<transport::Consumer>> consumer(const transport::SubscriptionSpec& spec) override;
  transport::Control& control() override { return control_; }
  transport::Operator operations() override;
  Result<void> check(Time deadline) override;

 private:
  const std::shared_ptr<MemoryBroker> broker_;
  const std::string process_;
  const transport::Capabilities capabilities_;
  SharedControl control_;
  MemoryTopology topology_;
  MemoryDeadLetters dead_letters_;
  MemoryHistory history_;
};

}  // namespace tidings::memory
