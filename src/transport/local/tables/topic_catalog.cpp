#include "transport/local/tables/topic_catalog.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/driver/pattern_topics.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/tables/control_table.hpp"

namespace tidings::local {

using transport::PublishedType;
using transport::Retention;
using transport::TopicSpec;
using transport::Unsettled;

namespace {

constexpr std::uint8_t kCommand = 1;
constexpr std::int64_t kNoAge = -1;
constexpr std::uint64_t kNoBytes = UINT64_MAX;
constexpr std::uint64_t kEndlessBytes = UINT64_MAX - 1;

std::uint64_t code_of(const std::optional<std::uint64_t>& bytes) {
  if (!bytes) return kNoBytes;
  return *bytes == Retention::kBytesEndless ? kEndlessBytes : *bytes;
}
// Nothing said, or 1 + the value.
std::uint8_t code_of(const std::optional<Unsettled>& unsettled) {
  return unsettled ? static_cast<std::uint8_t>(1 + static_cast<int>(*unsettled)) : 0;
}

Error differs(const TopicSpec& spec, std::string_view what) {
  return conflict(
      fmt::format("topic '{}' exists with {}; declare it as it is, or choose another name", spec.name, what));
}

// What `spec` asks of `row`; conflict where they contradict each other.
Result<TopicRow> merged(TopicRow row, const TopicSpec& spec, std::uint32_t partitions) {
  if (row.command != spec.command) return differs(spec, row.command ? "commands" : "events, not commands");
  if (spec.partitions && std::min<std::int64_t>(*spec.partitions, partitions) != row.partitions) {
    return differs(spec, fmt::format("{} partitions", row.partitions));
  }
  if (const std::string field = transport::difference(row.retention, spec.retention); !field.empty()) {
    return differs(spec, fmt::format("another retention.{}", field));
  }
  row.retention = transport::changed(row.retention, spec.retention);
  return row;
}

Result<TopicRow> created(WriteTransaction& transaction, const TopicSpec& spec, std::uint32_t partitions) {
  if (transaction.entries(Tree::topics) >= kTopicsMax) {
    return overloaded(fmt::format("topic '{}' would be one more than {}; use fewer topics", spec.name, kTopicsMax));
  }
  const auto wanted = spec.partitions ? static_cast<std::uint32_t>(*spec.partitions) : partitions;
  return TopicRow{.id = static_cast<std::uint32_t>(next_number(transaction, "topics")),
                  .name = spec.name,
                  .command = spec.command,
                  .partitions = std::min(wanted, partitions),
                  .retention = spec.retention};
}

Result<void> check_retention(std::string_view topic, const Retention& retention) {
  const auto faults = transport::validate(retention);
  return faults.empty() ? Result<void>{} : invalid(fmt::format("topic '{}': {}", topic, faults.front()));
}

}  // namespace

std::string encode_topic(const TopicRow& row) {
  std::string bytes;
  ByteWriter out{bytes};
  out.fixed<std::uint32_t>(row.id);
  out.fixed<std::uint8_t>(row.command ? kCommand : 0);
  out.fixed<std::uint32_t>(row.partitions);
  out.fixed<std::int64_t>(row.retention.age ? row.retention.age->count() : kNoAge);
  out.fixed<std::uint64_t>(code_of(row.retention.bytes));
  out.fixed<std::uint8_t>(code_of(row.retention.unsettled));
  return bytes;
}

TopicRow decode_topic(Bytes name, Bytes value) {
  ByteReader in{value};
  TopicRow row{.name = std::string{name}};
  row.id = in.fixed<std::uint32_t>();
  row.command = in.fixed<std::uint8_t>() == kCommand;
  row.partitions = in.fixed<std::uint32_t>();
  if (const auto age = in.fixed<std::int64_t>(); age != kNoAge) row.retention.age = Duration{age};
  if (const auto bytes = in.fixed<std::uint64_t>(); bytes != kNoBytes) {
    row.retention.bytes = bytes == kEndlessBytes ? Retention::kBytesEndless : bytes;
  }
  const auto unsettled = in.fixed<std::uint8_t>();
  if (unsettled == code_of(Unsettled::keep)) row.retention.unsettled = Unsettled::keep;
  if (unsettled == code_of(Unsettled::expire)) row.retention.unsettled = Unsettled::expire;
  return row;
}

Catalog::Catalog(Transaction& transaction) {
  for_each_with_prefix(transaction, Tree::topics, "", [&](Bytes name, Bytes value) {
    topics_.push_back(decode_topic(name, value));
    return true;
  });
  std::sort(topics_.begin(), topics_.end(), [](const TopicRow& a, const TopicRow& b) { return a.id < b.id; });
  for (std::size_t i = 0; i < topics_.size(); ++i) by_name_.emplace(topics_[i].name, i);
  for_each_with_prefix(transaction, Tree::control, transport::kPublishedPrefix, [&](Bytes key, Bytes) {
    if (auto published = transport::published_from_key(key)) published_.push_back(*std::move(published));
    return true;
  });
}

const TopicRow* Catalog::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &topics_[found->second];
}

const TopicRow* Catalog::find(std::uint32_t id) const {
  return id == 0 || id > topics_.size() ? nullptr : &topics_[id - 1];
}

Result<void> check_name(std::string_view what, std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kNameMax;
  if (fits && std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
    return {};
  }
  return invalid(
      fmt::format("'{}' is no name of a {}: it has 1 to {} bytes and no control characters", name, what, kNameMax));
}

Result<bool> declare_topic(WriteTransaction& transaction, const TopicSpec& spec, std::uint32_t partitions) {
  if (auto named = check_name("topic", spec.name); !named) return named.error();
  if (spec.partitions && *spec.partitions < 1) {
    return invalid(fmt::format("topic '{}' cannot have {} partitions", spec.name, *spec.partitions));
  }
  if (auto fine = check_retention(spec.name, spec.retention); !fine) return fine.error();
  const auto value = transaction.get(Tree::topics, spec.name);
  const auto row =
      value ? merged(decode_topic(spec.name, *value), spec, partitions) : created(transaction, spec, partitions);
  if (!row) return row.error();
  if (value && decode_topic(spec.name, *value) == *row) return false;
  transaction.put(Tree::topics, spec.name, encode_topic(*row));
  return true;
}

Result<void> change_retention(WriteTransaction& transaction, std::string_view topic, const Retention& change) {
  if (auto fine = check_retention(topic, change); !fine) return fine;
  const auto value = transaction.get(Tree::topics, topic);
  if (!value) return invalid(fmt::format("there is no topic '{}'", topic));
  TopicRow row = decode_topic(topic, *value);
  row.retention = transport::changed(row.retention, change);
  transaction.put(Tree::topics, topic, encode_topic(row));
  return {};
}

Result<bool> declare_published(WriteTransaction& transaction, const PublishedType& published) {
  const auto key = transport::published_key(published);
  if (!key) return key.error();
  if (transaction.get(Tree::control, *key)) return false;
  if (const auto put = put_control(transaction, *key, "", {}, Time{}); !put) return put.error();
  return true;
}

std::uint64_t next_number(WriteTransaction& transaction, std::string_view series) {
  TreeKey key;
  key.text("last_").text(series);
  const auto value = transaction.get(Tree::meta, key);
  const std::uint64_t number = (value ? ByteReader{*value}.fixed<std::uint64_t>() : 0) + 1;
  std::string bytes;
  ByteWriter{bytes}.fixed(number);
  transaction.put(Tree::meta, key, bytes);
  return number;
}

}  // namespace tidings::local
