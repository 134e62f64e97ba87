#include "transport/local/tables/control_table.hpp"

#include <fmt/format.h>

#include <string>

#include "transport/local/storage/limits.hpp"
#include "transport/local/tables/topic_catalog.hpp"

namespace tidings::local {

using transport::ControlRecord;
using transport::kControlKeyMax;
using transport::kControlValueMax;
using transport::PutOptions;

namespace {

constexpr std::string_view kSeries = "control_changes";

bool alive(const ControlRecord& record, Time now) {
  return !record.expires || *record.expires > now;
}

Result<void> check_expected(std::string_view key, const std::optional<ControlRecord>& present,
                            const PutOptions& options) {
  const std::uint64_t version = present ? present->version : 0;
  if (!options.expected || *options.expected == version) return {};
  return conflict(fmt::format("control record '{}' has version {}, expected {}; read it again, then decide", key,
                              version, *options.expected));
}

Result<void> check_sizes(std::string_view key, std::optional<std::string_view> value) {
  if (key.empty() || key.size() > kControlKeyMax) {
    return invalid(
        fmt::format("a control record's key has 1 to {} bytes, '{}' has {}", kControlKeyMax, key, key.size()));
  }
  if (value && value->size() > kControlValueMax) {
    return invalid(
        fmt::format("control record '{}' has {} bytes, the most is {}", key, value->size(), kControlValueMax));
  }
  return {};
}

}  // namespace

ControlRecord decode_control(Bytes key, Bytes value) {
  ByteReader in{value};
  ControlRecord record{.key = std::string{key}};
  record.version = in.fixed<std::uint64_t>();
  record.expires = in.time();
  record.value = std::string{in.rest()};
  return record;
}

Result<std::uint64_t> put_control(WriteTransaction& transaction, std::string_view key,
                                  std::optional<std::string_view> value, const PutOptions& options, Time now) {
  if (auto sized = check_sizes(key, value); !sized) return sized.error();
  const auto present = get_control(transaction, key, now);
  if (auto expected = check_expected(key, present, options); !expected) return expected.error();
  if (value && !present && transaction.entries(Tree::control) >= kControlRecordsMax) {
    return overloaded(
        fmt::format("control record '{}' would be one more than {}; erase some", key, kControlRecordsMax));
  }
  const std::uint64_t version = next_number(transaction, kSeries);
  if (!value) {
    transaction.erase(Tree::control, key);
    return version;
  }
  std::string bytes;
  ByteWriter out{bytes};
  out.fixed(version);
  out.time(options.expires);
  out.raw(*value);
  transaction.put(Tree::control, key, bytes);
  return version;
}

std::optional<ControlRecord> get_control(Transaction& transaction, std::string_view key, Time now) {
  const auto value = transaction.get(Tree::control, key);
  if (!value) return std::nullopt;
  ControlRecord record = decode_control(key, *value);
  if (!alive(record, now)) return std::nullopt;
  return record;
}

std::vector<ControlRecord> list_control(Transaction& transaction, std::string_view prefix, Time now) {
  std::vector<ControlRecord> records;
  for_each_with_prefix(transaction, Tree::control, prefix, [&](Bytes key, Bytes value) {
    ControlRecord record = decode_control(key, value);
    if (alive(record, now)) records.push_back(std::move(record));
    return true;
  });
  return records;
}

std::uint64_t last_control_change(Transaction& transaction) {
  TreeKey key;
  key.text("last_").text(kSeries);
  const auto value = transaction.get(Tree::meta, key);
  return 1 + (value ? ByteReader{*value}.fixed<std::uint64_t>() : 0);
}

bool any_expired_control(Transaction& transaction, Time now) {
  bool any = false;
  for_each_with_prefix(transaction, Tree::control, "", [&](Bytes key, Bytes value) {
    any = !alive(decode_control(key, value), now);
    return !any;
  });
  return any;
}

std::size_t erase_expired_control(WriteTransaction& transaction, Time now, std::size_t limit) {
  std::vector<std::string> expired;
  for_each_with_prefix(transaction, Tree::control, "", [&](Bytes key, Bytes value) {
    if (!alive(decode_control(key, value), now)) expired.emplace_back(key);
    return expired.size() < limit;
  });
  for (const std::string& key : expired) transaction.erase(Tree::control, key);
  return expired.size();
}

}  // namespace tidings::local
