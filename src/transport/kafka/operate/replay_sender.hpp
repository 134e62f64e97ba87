// Sends copies of records to the subscriptions that shall have them again, in order, and waits until all are there.
//
// Owns:    a producer.
// Threads: one at a time.
// Blocks:  send() while kReplaysUnderWayMax are not confirmed; finish() until all are.
// Errors:  the first that any of them was refused with: those before it are there.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

inline constexpr std::size_t kReplaysUnderWayMax = 1'000;

class ReplaySender final {
 public:
  explicit ReplaySender(std::shared_ptr<Cluster> cluster)
      : cluster_{std::move(cluster)}, answered_{cluster_->executor().condition()} {}
  ~ReplaySender();

  Result<void> open();
  Result<void> send(transport::Record record, const Copy& copy);
  Result<void> finish();

 private:
  Result<void> wait_for(std::size_t under_way);

  const std::shared_ptr<Cluster> cluster_;
  const std::unique_ptr<Condition> answered_;
  std::mutex mutex_;
  std::size_t under_way_ = 0;
  std::optional<Error> refused_;
  std::shared_ptr<Producer> producer_;
};

}  // namespace tidings::kafka
