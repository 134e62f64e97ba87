#include "transport/local/local_transport.hpp"

#include "transport/local/member/joining.hpp"
#include "transport/local/operate/local_control.hpp"
#include "transport/local/operate/local_operator.hpp"
#include "transport/local/storage/local_options.hpp"
#include "transport/local/store/local_publisher.hpp"
#include "transport/local/store/store_registry.hpp"

namespace tidings::local {

using transport::Capabilities;
using transport::Consumer;
using transport::Control;
using transport::Declaration;
using transport::Operator;
using transport::Publisher;
using transport::PublisherOptions;
using transport::SubscriptionSpec;
using transport::Transport;
using transport::Url;

namespace {

constexpr Capabilities kCapabilities{
    .scheme = "local",
    .profile = transport::Profile::kafka,
    .record_bytes_max = kRecordBytesMax,
    .transactional = true,
    .stable_positions = true,
    .running_board = true,
    .discovery_max = std::chrono::seconds{2},
};

Result<void> declare_all(Commit& commit, const Declaration& declaration, std::uint32_t partitions) {
  WriteTransaction& transaction = commit.transaction();
  for (const auto& topic : declaration.topics) {
    const auto changed = declare_topic(transaction, topic, partitions);
    if (!changed) return changed.error();
    if (*changed) commit.announce(kTopicsChanged);
  }
  for (const auto& published : declaration.published) {
    const auto changed = declare_published(transaction, published);
    if (!changed) return changed.error();
    if (*changed) commit.announce(kTopicsChanged | kControlChanged);
  }
  return {};
}

class LocalTransport final : public Transport {
 public:
  explicit LocalTransport(std::shared_ptr<Store> store) : store_{std::move(store)} {}

  const Capabilities& capabilities() const override { return kCapabilities; }

  Result<void> declare(const Declaration& declaration) override {
    return store_->committer().perform(
        [&](Commit& commit) { return declare_all(commit, declaration, store_->partitions()); });
  }

  Result<std::unique_ptr<Publisher>> publisher(const PublisherOptions& options) override {
    return make_publisher(store_, options);
  }

  Result<std::unique_ptr<Consumer>> consumer(const SubscriptionSpec& spec) override { return join(store_, spec); }

  Control& control() override { return *control_; }
  Operator operations() override {
    return {.topology = topology_.get(),
            .dead_letters = dead_letters_.get(),
            .history = history_.get(),
            .backup = backup_.get()};
  }

  Result<void> check(Time deadline) override {
    // An empty change: whether the writer gets the lock, and the environment takes a transaction.
    return store_->committer().perform([](Commit&) -> Result<void> { return {}; },
                                       std::max(deadline - store_->now(), Duration::zero()));
  }

 private:
  const std::shared_ptr<Store> store_;
  const std::unique_ptr<Control> control_ = make_control(store_);
  const std::unique_ptr<transport::Topology> topology_ = make_topology(store_);
  const std::unique_ptr<transport::DeadLetters> dead_letters_ = make_dead_letters(store_);
  const std::unique_ptr<transport::History> history_ = make_history(store_);
  const std::unique_ptr<transport::Backup> backup_ = make_backup(store_);
};

}  // namespace

Result<std::unique_ptr<Transport>> open_local(const Url& url, std::shared_ptr<Executor> executor) {
  const auto options = options_from(url);
  if (!options) return options.error();
  auto store = shared_store(*options, std::move(executor));
  if (!store) return store.error();
  return std::make_unique<LocalTransport>(*std::move(store));
}

}  // namespace tidings::local
