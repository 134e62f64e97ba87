// Control as one space of a broker's log shows it: users' records, or what a driver's parts tell each other, which
// users do not see.
//
// Threads: any. Blocks: as the log.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tidings/transport/control.hpp"

namespace tidings::transport {

// `Log` has Control's calls, each with the space in front.
template <class Log, class Space>
class ControlView final : public Control {
 public:
  ControlView(std::shared_ptr<Log> log, Space space) : log_{std::move(log)}, space_{space} {}

  Result<std::uint64_t> put(std::string_view key, std::optional<std::string_view> value,
                            const PutOptions& options) override {
    return log_->put(space_, key, value, options);
  }
  Result<std::optional<ControlRecord>> get(std::string_view key) override { return log_->get(space_, key); }
  Result<std::vector<ControlRecord>> list(std::string_view prefix) override { return log_->list(space_, prefix); }
  Result<std::uint64_t> watch(std::uint64_t seen, Time deadline) override {
    return log_->watch(space_, seen, deadline);
  }

 private:
  const std::shared_ptr<Log> log_;
  const Space space_;
};

}  // namespace tidings::transport
