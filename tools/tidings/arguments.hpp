// Arguments that several commands share, and what they mean.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/operator.hpp"

namespace tidings::cli {

// As they were written; read when a command runs, because `-10m` needs a clock.
struct DeadFilterArguments {
  std::string group;
  std::string topic;
  std::string type;
  std::string reason;
  std::string since;

  bool empty() const { return group.empty() && topic.empty() && type.empty() && reason.empty() && since.empty(); }
};

Result<transport::DeadFilter> filter_of(const DeadFilterArguments& arguments, Time now);

// `beginning` and nothing: none. invalid: no time.
Result<std::optional<Time>> time_argument(const std::string& name, const std::string& text, Time now);

// For options that count: says what is wrong with a text that is no whole number from 1 to `most`; empty: nothing.
std::function<std::string(const std::string&)> count_up_to(std::uint64_t most);
inline constexpr std::uint64_t kCountMax = 1'000'000'000'000;

inline std::optional<Key> key_argument(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return Key{*text};
}

}  // namespace tidings::cli
