#include "service/configuration/policies.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "text/duration_text.hpp"

namespace tidings::service {
namespace {

// The words of a policy's enumeration, in the order of its values.
constexpr std::array<std::string_view, 2> words_of(RetryOrder) {
  return {"strict", "relaxed"};
}
constexpr std::array<std::string_view, 2> words_of(Unwanted) {
  return {"dead_letter", "skip"};
}
constexpr std::array<std::string_view, 2> words_of(OnTimeout) {
  return {"report", "fail"};
}

constexpr std::array kKinds{ErrorKind::invalid,  ErrorKind::unavailable, ErrorKind::overloaded,
                            ErrorKind::conflict, ErrorKind::corrupt,     ErrorKind::unsupported};
using Kinds = std::vector<ErrorKind>;

std::string shown(const Kinds& kinds) {
  std::vector<std::string_view> names;
  for (const ErrorKind kind : kinds) names.push_back(to_string(kind));
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<void> read(std::string_view text, Duration& to) {
  const auto duration = text::duration_of(text);
  if (!duration) return duration.error();
  to = *duration;
  return {};
}

template <class T>
requires std::is_arithmetic_v<T> Result<void> read(std::string_view text, T& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  if (error == std::errc{} && end == text.data() + text.size()) return {};
  return invalid(fmt::format("'{}' is no {}number", text, std::is_integral_v<T> ? "whole " : ""));
}

template <class T>
requires std::is_enum_v<T> Result<void> read(std::string_view text, T& to) {
  constexpr auto words = words_of(T{});
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) return invalid(fmt::format("'{}' is neither '{}' nor '{}'", text, words[0], words[1]));
  to = static_cast<T>(found - words.begin());
  return {};
}

// Separated by commas; an empty text is none of them.
Result<void> read(std::string_view text, Kinds& to) {
  Kinds kinds;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    word = word.substr(0, word.find_last_not_of(' ') + 1);
    const auto kind = std::ranges::find(kKinds, word, [](ErrorKind each) { return to_string(each); });
    if (kind == kKinds.end()) {
      return invalid(fmt::format("'{}' is no kind of error; choose from {}, with commas between", word,
                                 shown({kKinds.begin(), kKinds.end()})));
    }
    kinds.push_back(*kind);
  }
  to = std::move(kinds);
  return {};
}

template <class T>
Result<void> read(std::string_view text, std::optional<T>& to) {
  T value{};
  if (const auto done = read(text, value); !done) return done.error();
  to = value;
  return {};
}

template <class T>
std::string shown(const T& value) {
  if constexpr (std::is_same_v<T, Duration>) {
    return text::duration_text(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::string{words_of(T{})[static_cast<std::size_t>(value)]};
  } else {
    return fmt::format("{}", value);
  }
}

// `field` of a registration is what the declaration says; `in_effect` is what the plan made of it.
template <class Field, class InEffect>
Policy policy(std::string key, PolicyOf of, Field field, InEffect in_effect) {
  return {.key = std::move(key),
          .of = of,
          .set = [field](Registration& to, std::string_view text) { return read(text, field(to)); },
          .by_program =
              [field](const Registration& registration) {
                const Registration standard;
                return field(registration) != field(standard);
              },
          .show = [in_effect](const SubscriptionPlan& plan,
                              const HandlerPlan& handler) { return shown(in_effect(plan, handler)); }};
}

#define TIDINGS_FIELD(member)       \
  [](auto& registration) -> auto& { \
    return registration.member;     \
  }
#define TIDINGS_PLANNED(expression) \
  []([[maybe_unused]] const SubscriptionPlan& plan, [[maybe_unused]] const HandlerPlan& handler) { return expression; }
#define TIDINGS_OF_SUBSCRIPTION(name, planned) \
  policy(#name, PolicyOf::subscription, TIDINGS_FIELD(options.name), TIDINGS_PLANNED(plan.planned))
#define TIDINGS_OF_HANDLER(name) \
  policy(#name, PolicyOf::handler, TIDINGS_FIELD(options.name), TIDINGS_PLANNED(handler.name))
#define TIDINGS_OF_BATCH(name) \
  policy("batch." #name, PolicyOf::batch, TIDINGS_FIELD(batch.name), TIDINGS_PLANNED(handler.batch->name))

std::vector<Policy> all_policies() {
  return {TIDINGS_OF_SUBSCRIPTION(concurrency, concurrency),
          TIDINGS_OF_SUBSCRIPTION(order, rules.order),
          TIDINGS_OF_SUBSCRIPTION(in_flight_max, spec.in_flight_max),
          TIDINGS_OF_SUBSCRIPTION(crash_attempts_max, rules.crash_attempts_max),
          TIDINGS_OF_SUBSCRIPTION(unhandled, rules.unhandled),
          TIDINGS_OF_SUBSCRIPTION(require_id, rules.require_id),
          TIDINGS_OF_HANDLER(timeout),
          TIDINGS_OF_HANDLER(on_timeout),
          TIDINGS_OF_HANDLER(retry.attempts_max),
          TIDINGS_OF_HANDLER(retry.delay_first),
          TIDINGS_OF_HANDLER(retry.factor),
          TIDINGS_OF_HANDLER(retry.delay_max),
          TIDINGS_OF_HANDLER(retry.jitter),
          TIDINGS_OF_HANDLER(retry.give_up_on),
          TIDINGS_OF_BATCH(size),
          TIDINGS_OF_BATCH(wait)};
}

#undef TIDINGS_FIELD
#undef TIDINGS_PLANNED
#undef TIDINGS_OF_SUBSCRIPTION
#undef TIDINGS_OF_HANDLER
#undef TIDINGS_OF_BATCH

}  // namespace

const std::vector<Policy>& policies() {
  static const std::vector<Policy> all = all_policies();
  return all;
}

bool has_policy(const Registration& registration, PolicyOf of) {
  return of != PolicyOf::batch || registration.run_batch != nullptr;
}

std::string handler_name(const Registration& registration) {
  if (registration.type == nullptr) return "any";
  const EventInfo& info = registration.type->info;
  return info.version == 1 ? std::string{info.type} : fmt::format("{} v{}", info.type, info.version);
}

}  // namespace tidings::service
