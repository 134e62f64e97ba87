// A publisher for tests: records what it is sent, and answers as it is told, at once or from a thread of its own.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tidings/transport/transport.hpp"

namespace tidings::testing {

// Shared by the test and the publishers that relays own.
class Recording {
 public:
  using Decide = std::function<Result<void>(const transport::Record&)>;

  void decide(Decide decide) {
    const std::lock_guard lock{mutex_};
    decide_ = std::move(decide);
  }

  Result<void> take(const transport::Record& record) {
    const std::lock_guard lock{mutex_};
    auto outcome = decide_ ? decide_(record) : Result<void>{};
    ++tries_;
    if (outcome) confirmed_.push_back(record);
    return outcome;
  }

  std::vector<transport::Record> confirmed() const {
    const std::lock_guard lock{mutex_};
    return confirmed_;
  }
  std::vector<std::string> confirmed_ids() const {
    std::vector<std::string> ids;
    for (const auto& record : confirmed()) ids.push_back(record.id);
    return ids;
  }
  std::size_t tries() const {
    const std::lock_guard lock{mutex_};
    return tries_;
  }

 private:
  mutable std::mutex mutex_;
  Decide decide_;
  std::vector<transport::Record> confirmed_;
  std::size_t tries_ = 0;
};

// Answers inside send().
class RecordingPublisher final : public transport::Publisher {
 public:
  explicit RecordingPublisher(std::shared_ptr<Recording> recording) : recording_{std::move(recording)} {}

  void send(std::vector<transport::Record> batch, Confirmed confirmed) override {
    for (std::size_t i = 0; i < batch.size(); ++i) confirmed(i, recording_->take(batch[i]));
  }
  Result<void> flush(Time) override { return {}; }

 private:
  const std::shared_ptr<Recording> recording_;
};

}  // namespace tidings::testing
