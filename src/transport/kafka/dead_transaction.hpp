// A transaction of an operator on dead letters: its copies and its states are there together, or not at all.
//
// Owns:    a librdkafka producer, whose transactional.id all operators of the deployment share: who opens one ends
//          what another has open.
// Threads: one at a time.
// Blocks:  each call, up to kRequestWithin.
// Errors:  conflict: another operator opened one meanwhile; nothing was done, look again. unavailable: after commit()
//          it may or may not be done.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "transport/kafka/cluster.hpp"
#include "transport/kafka/copy.hpp"

namespace tidings::kafka {

class DeadTransaction final {
 public:
  // What is read after that has all that others did.
  static Result<std::unique_ptr<DeadTransaction>> open(std::shared_ptr<Cluster> cluster);
  ~DeadTransaction();  // aborts what was not committed

  Result<void> send(const std::string& topic, std::int32_t partition, const transport::Record& record,
                    const Copy* copy);
  Result<void> commit();

 private:
  DeadTransaction(std::shared_ptr<Cluster> cluster, ClientHandle client)
      : cluster_{std::move(cluster)}, client_{std::move(client)} {}

  const std::shared_ptr<Cluster> cluster_;
  ClientHandle client_;
  bool begun_ = false;
};

}  // namespace tidings::kafka
