#include "transport/kafka/operate/expired_counts.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tidings::kafka {

namespace {

constexpr int kAddTriesMax = 10;
constexpr std::string_view kExpired = "expired/";  // GROUP/TOPIC: neither has a '/'

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Result<void> ExpiredCounts::add(const std::string& group, const std::string& topic, std::uint64_t count) {
  const std::string key = fmt::format("{}{}/{}", kExpired, group, topic);
  for (int tries = 0; tries < kAddTriesMax; ++tries) {
    const auto there = records_.get(key);
    if (!there) return there.error();
    const std::uint64_t before = *there ? number_of((*there)->value) : 0;
    const std::uint64_t version = *there ? (*there)->version : 0;
    const auto put = records_.put(key, std::to_string(before + count), {.expected = version});
    if (put) return {};
    if (put.error().kind != ErrorKind::conflict) return put.error();
  }
  return conflict(fmt::format("what group '{}' lost of '{}' is being counted by others all the time", group, topic));
}

Result<ExpiredCounts::All> ExpiredCounts::all() {
  const auto records = records_.list(kExpired);
  if (!records) return records.error();
  All counts;
  for (const auto& record : *records) {
    const std::string name = record.key.substr(kExpired.size());
    const auto slash = name.find('/');
    if (slash == std::string::npos) continue;
    counts[{name.substr(0, slash), name.substr(slash + 1)}] = number_of(record.value);
  }
  return counts;
}

Result<void> ExpiredCounts::forget(const std::string& group) {
  const auto records = records_.list(fmt::format("{}{}/", kExpired, group));
  if (!records) return records.error();
  for (const auto& record : *records) {
    if (const auto put = records_.put(record.key, std::nullopt, {}); !put) return put.error();
  }
  return {};
}

}  // namespace tidings::kafka
