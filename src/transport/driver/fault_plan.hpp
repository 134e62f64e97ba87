// Named points at which a test makes a process die, or a commit fail, and what it does not wait for.
//
// Compiled in with the tests only (TIDINGS_FAULTS); a release build has no trace of it but the empty class.
#pragma once

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tidings/transport/retention.hpp"

#ifdef TIDINGS_FAULTS
#include <unistd.h>

#include <cerrno>
#include <csignal>
#endif

namespace tidings::transport {

// `name:count[:errno]`, from the environment variable TIDINGS_FAULT: at the count-th passing of the point `name` the
// process is killed, or, with a number behind it, that step fails with this errno, once. While the file exists that
// TIDINGS_REFUSE_WHILE names, no commit succeeds (EIO). TIDINGS_GONE_AFTER_MS stands for kGoneAfter.
class FaultPlan final {
 public:
#ifdef TIDINGS_FAULTS
  static FaultPlan from_environment() {
    const char* text = std::getenv("TIDINGS_FAULT");
    FaultPlan plan{text == nullptr ? "" : text};
    if (const char* path = std::getenv("TIDINGS_REFUSE_WHILE")) plan.refuse_while_ = path;
    if (const char* ms = std::getenv("TIDINGS_GONE_AFTER_MS")) {
      plan.gone_after_ = std::chrono::milliseconds{std::strtol(ms, nullptr, 10)};
    }
    return plan;
  }
  explicit FaultPlan(std::string_view text) {
    const std::size_t first = text.find(':');
    if (first == std::string_view::npos) return;
    point_ = text.substr(0, first);
    char* end = nullptr;
    const std::string numbers{text.substr(first + 1)};
    left_ = static_cast<int>(std::strtol(numbers.c_str(), &end, 10));
    if (*end == ':') code_ = static_cast<int>(std::strtol(end + 1, nullptr, 10));
  }
  FaultPlan(const FaultPlan& other)
      : point_{other.point_},
        left_{other.left_.load()},
        code_{other.code_},
        refuse_while_{other.refuse_while_},
        gone_after_{other.gone_after_} {}

  // 0: go on. Otherwise the step fails with this errno.
  int at(std::string_view point) {
    if (point == "before_commit" && !refuse_while_.empty() && ::access(refuse_while_.c_str(), F_OK) == 0) return EIO;
    if (point_ != point || --left_ != 0) return 0;
    if (code_ == 0) ::raise(SIGKILL);
    return code_;
  }

  // How long a group without a member is not gone, at least.
  Duration gone_after() const {
    return gone_after_;
  }

 private:
  std::string point_;
  std::atomic<int> left_ = 0;
  int code_ = 0;
  std::string refuse_while_;
  Duration gone_after_ = kGoneAfter;
#else
  static FaultPlan from_environment() {
    return {};
  }
  int at(std::string_view) {
    return 0;
  }
  Duration gone_after() const {
    return kGoneAfter;
  }
#endif
};

}  // namespace tidings::transport
