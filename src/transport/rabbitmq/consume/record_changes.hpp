// Changes of the driver's Control records that are under way together. Each counts only at the version that it expects.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tidings/result.hpp"
#include "transport/driver/bell.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"

namespace tidings::rabbitmq {

struct RecordChange {
  std::string key;
  std::optional<std::string> value;  // none: it is erased
  std::uint64_t expected = 0;        // version; 0: it is not there
};
using RecordVersions = std::vector<Result<std::uint64_t>>;

class RecordChanges final {
 public:
  // Does not block. `bell` rings at each answer.
  static std::shared_ptr<RecordChanges> begin(ControlStream& log, const std::shared_ptr<transport::Bell>& bell,
                                              const std::vector<RecordChange>& changes);
  explicit RecordChanges(std::size_t count);

  bool are_answered() const;
  // Until all are answered, or `ends()`, which is asked at each ring of that bell, or the deadline.
  void wait(transport::Bell& bell, const std::function<bool()>& ends, Time deadline = kNever) const;
  // Of what is not answered yet: unavailable.
  RecordVersions versions() const;

 private:
  void answer(std::size_t change, Result<std::uint64_t> version);

  mutable std::mutex mutex_;
  std::size_t left_;
  RecordVersions versions_;
};

}  // namespace tidings::rabbitmq
