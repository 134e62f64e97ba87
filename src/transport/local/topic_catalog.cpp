#include "transport/local/topic_catalog.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/local/control_table.hpp"
#include "transport/local/limits.hpp"
#include "transport/pattern_topics.hpp"

namespace tidings::local {

using transport::PublishedType;
using transport::TopicSpec;

namespace {

constexpr std::uint8_t kCommand = 1;

std::string encode(const TopicRow& row) {
  std::string bytes;
  ByteWriter out{bytes};
  out.fixed<std::uint32_t>(row.id);
  out.fixed<std::uint8_t>(row.command ? kCommand : 0);
  out.fixed<std::uint32_t>(row.partitions);
  out.fixed<std::int64_t>(row.retention ? row.retention->count() : -1);
  out.fixed<std::uint64_t>(row.retention_bytes.value_or(UINT64_MAX));
  return bytes;
}

TopicRow decode(Bytes name, Bytes value) {
  ByteReader in{value};
  TopicRow row{.name = std::string{name}};
  row.id = in.fixed<std::uint32_t>();
  row.command = in.fixed<std::uint8_t>() == kCommand;
  row.partitions = in.fixed<std::uint32_t>();
  if (const auto retention = in.fixed<std::int64_t>(); retention >= 0) row.retention = Duration{retention};
  if (const auto bytes = in.fixed<std::uint64_t>(); bytes != UINT64_MAX) row.retention_bytes = bytes;
  return row;
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
  if (spec.retention && row.retention.value_or(*spec.retention) != *spec.retention) {
    return differs(spec, "another retention");
  }
  if (spec.retention_bytes && row.retention_bytes.value_or(*spec.retention_bytes) != *spec.retention_bytes) {
    return differs(spec, "other retention_bytes");
  }
  if (spec.retention) row.retention = spec.retention;
  if (spec.retention_bytes) row.retention_bytes = spec.retention_bytes;
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
                  .retention = spec.retention,
                  .retention_bytes = spec.retention_bytes};
}

}  // namespace

Catalog::Catalog(Transaction& transaction) {
  for_each_with_prefix(transaction, Tree::topics, "", [&](Bytes name, Bytes value) {
    topics_.push_back(decode(name, value));
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
  const auto value = transaction.get(Tree::topics, spec.name);
  const auto row = value ? merged(decode(spec.name, *value), spec, partitions) : created(transaction, spec, partitions);
  if (!row) return row.error();
  if (value && decode(spec.name, *value) == *row) return false;
  transaction.put(Tree::topics, spec.name, encode(*row));
  return true;
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
