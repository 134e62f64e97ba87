#include "transport/memory/memory_transport.hpp"

#include "transport/memory/memory_consumer.hpp"
#include "transport/memory/memory_publisher.hpp"

namespace tidings::memory {

using transport::Capabilities;
using transport::Declaration;
using transport::PublisherOptions;
using transport::SubscriptionSpec;

namespace {

Capabilities memory_capabilities(const MemoryOptions& options) {
  return {.scheme = "memory",
          .record_bytes_max = kRecordBytesMax,
          .transactional = options.transactional,
          .running_board = options.suspect_window == 0,
          .suspect_window = options.suspect_window,
          .strict_hold_max = options.strict_hold_max,
          .retry_late_max = std::chrono::milliseconds{50},
          .takeover_max = std::chrono::seconds{1},
          .revoke_max = options.revoke_within,
          .discovery_max = std::chrono::seconds{1}};
}

}  // namespace

Result<std::unique_ptr<transport::Transport>> open_memory(const transport::Url& url,
                                                          std::shared_ptr<Executor> executor) {
  const auto options = memory_options(url);
  if (!options) return options.error();
  return MemoryBroker::make(std::move(executor), *options)->open(url.path.empty() ? "memory" : url.path);
}

MemoryTransport::MemoryTransport(std::shared_ptr<MemoryBroker> broker, std::string process)
    : broker_{std::move(broker)},
      process_{std::move(process)},
      capabilities_{memory_capabilities(broker_->options())},
      control_{*broker_},
      topology_{*broker_},
      dead_letters_{*broker_},
      history_{*broker_} {}

MemoryTransport::~MemoryTransport() {
  broker_->close(process_);
}

Result<void> MemoryTransport::declare(const Declaration& declaration) {
  return broker_->with([&](Deployment& deployment, Time now) { return deployment.declare(declaration, now); });
}

Result<std::unique_ptr<transport::Publisher>> MemoryTransport::publisher(const PublisherOptions& options) {
  return std::make_unique<MemoryPublisher>(broker_, process_, options);
}

Result<std::unique_ptr<transport::Consumer>> MemoryTransport::consumer(const SubscriptionSpec& spec) {
  const bool has_board = capabilities_.running_board;
  auto board = std::make_shared<RunningBoard>(has_board ? spec.running_max : 0);
  const auto id = broker_->join(process_, spec, board);
  if (!id) return id.error();
  return std::make_unique<MemoryConsumer>(broker_, process_, *id, std::move(board));
}

transport::Operator MemoryTransport::operations() {
  return {.topology = &topology_, .dead_letters = &dead_letters_, .history = &history_};
}

Result<void> MemoryTransport::check(Time) {
  return broker_->check(process_);
}

}  // namespace tidings::memory
