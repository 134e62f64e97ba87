#include "transport/rabbitmq/link/amqp_comparison.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <variant>

namespace tidings::rabbitmq {

namespace {

bool take_property(ExchangeSpec& exchange, const Difference& difference) {
  if (difference.argument == "type") exchange.type = difference.theirs;
  return difference.argument == "type";
}
bool take_property(QueueSpec&, const Difference&) {
  return false;
}

using Value = decltype(Argument::value);

// The server names a value's type where we have set none.
std::optional<Value> value_of(const Difference& difference, const Value* ours) {
  const auto is = [&](auto kind) { return ours != nullptr && std::holds_alternative<decltype(kind)>(*ours); };
  if (difference.kind == "bool" || is(bool{})) return Value{difference.theirs == "true"};
  if (difference.kind == "longstr" || is(std::string{})) return Value{difference.theirs};
  std::int64_t number = 0;
  const char* const end = difference.theirs.data() + difference.theirs.size();
  if (std::from_chars(difference.theirs.data(), end, number).ptr != end) return std::nullopt;
  return Value{number};
}

template <class Spec>
bool set_in(Spec& spec, const Difference& difference) {
  if (take_property(spec, difference)) return true;
  if (difference.argument == "durable" || difference.argument == "auto_delete") {
    (difference.argument == "durable" ? spec.durable : spec.auto_delete) = difference.theirs == "true";
    return true;
  }
  const auto found = std::ranges::find(spec.arguments, difference.argument, &Argument::name);
  const bool is_ours = found != spec.arguments.end();
  if (difference.theirs.empty()) {
    if (is_ours) spec.arguments.erase(found);
    return is_ours;
  }
  auto value = value_of(difference, is_ours ? &found->value : nullptr);
  if (!value) return false;
  if (is_ours) {
    found->value = *std::move(value);
  } else {
    spec.arguments.push_back({difference.argument, *std::move(value)});
  }
  return true;
}

}  // namespace

bool set_as_there(ExchangeSpec& wanted, const Difference& difference) {
  return set_in(wanted, difference);
}
bool set_as_there(QueueSpec& wanted, const Difference& difference) {
  return set_in(wanted, difference);
}

}  // namespace tidings::rabbitmq
