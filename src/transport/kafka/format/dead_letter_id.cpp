#include "transport/kafka/format/dead_letter_id.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tidings::kafka {

namespace {

constexpr std::size_t kDigits = 16;
constexpr int kHex = 16;

template <class Number>
std::optional<Number> number_of(std::string_view text, int base = 10) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What stands behind the last dash, which is cut off with it.
std::string_view take_last(std::string_view& text) {
  const auto dash = text.rfind('-');
  if (dash == text.npos) return {};
  const auto last = text.substr(dash + 1);
  text = text.substr(0, dash);
  return last;
}

}  // namespace

std::string text_of(const DeadLetterId& id) {
  return fmt::format("{:016x}-{}-{}-{}", static_cast<std::uint64_t>(id.buried.time_since_epoch().count()), id.topic,
                     id.partition, id.offset);
}

std::optional<DeadLetterId> dead_letter_id(std::string_view text) {
  const auto offset = number_of<std::int64_t>(take_last(text));
  const auto partition = number_of<std::int32_t>(take_last(text));
  if (!offset || !partition || text.size() < kDigits + 2 || text[kDigits] != '-') return std::nullopt;
  const auto buried = number_of<std::uint64_t>(text.substr(0, kDigits), kHex);
  if (!buried || *offset < 0 || *partition < 0) return std::nullopt;
  return DeadLetterId{Time{Duration{static_cast<std::int64_t>(*buried)}}, std::string{text.substr(kDigits + 1)},
                      *partition, *offset};
}

}  // namespace tidings::kafka
