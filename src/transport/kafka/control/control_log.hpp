// The control topic of a deployment: one partition, compacted, read as a whole by each process that asks for it.
//
// Owns:    a producer, a reader and its thread `kafka-control`, from the first call on.
// Threads: any.
// Blocks:  each call until all that was in the topic when it began is read; put() until its own message is.
// Errors:  unavailable: that took longer than kRequestWithin; a put may or may not be there then.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tidings/transport/control.hpp"
#include "transport/driver/control_records.hpp"
#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

using transport::ControlMessage;
using transport::ControlRecords;

// Whose records: each space has keys of its own.
enum class ControlSpace { users, driver };

class ControlLog final {
 public:
  explicit ControlLog(std::shared_ptr<Cluster> cluster);
  ~ControlLog();
  ControlLog(const ControlLog&) = delete;
  ControlLog& operator=(const ControlLog&) = delete;

  Result<std::uint64_t> put(ControlSpace space, std::string_view key, std::optional<std::string_view> value,
                            const transport::PutOptions& options);
  Result<std::optional<transport::ControlRecord>> get(ControlSpace space, std::string_view key);
  Result<std::vector<transport::ControlRecord>> list(ControlSpace space, std::string_view prefix);
  Result<std::uint64_t> watch(ControlSpace space, std::uint64_t seen, Time deadline);

 private:
  // A put that waits for its message.
  struct Waiting {
    std::optional<Error> refused;
    std::optional<std::uint64_t> version;  // it was read
    bool counted = false;
  };

  Result<void> start();
  Result<void> open();
  Result<void> catch_up();
  void follow();
  bool read_once();
  void take(const ControlMessage& message);
  void tend();
  std::shared_ptr<Waiting> send(ControlMessage message);
  Result<std::uint64_t> wait_for(const std::shared_ptr<Waiting>& waiting, const ControlMessage& message);
  Result<void> check_room(const std::string& key);

  const std::shared_ptr<Cluster> cluster_;
  const std::string topic_;
  const std::unique_ptr<Condition> changed_;
  std::mutex starting_;  // held while it starts
  std::mutex mutex_;     // of all that follows
  bool started_ = false;
  ControlRecords table_;
  std::int64_t read_before_ = 0;
  std::array<std::uint64_t, 2> last_change_{1, 1};  // of each space
  std::map<std::string, std::shared_ptr<Waiting>> waiting_;
  Time tended_{};
  Time swept_{};
  std::atomic<bool> stopping_{false};
  std::shared_ptr<Producer> producer_;
  std::unique_ptr<TopicReader> reader_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::kafka
