#include "transport/local/tables/dead_table.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/flaw.hpp"
#include "transport/local/tables/record_codec.hpp"

namespace tidings::local {

using transport::DeadLetter;

namespace {

constexpr std::size_t kIdDigits = 12;

TreeKey key_of(std::uint64_t number) {
  return TreeKey{}.u64(number);
}

}  // namespace

std::string encode_dead(const DeadRow& row) {
  std::string value;
  value.reserve(row.stored.size() + row.error.size() + 256);
  ByteWriter out{value};
  out.text(row.group);
  out.text(row.subscription);
  out.text(row.reason);
  out.text(Bytes{row.error}.substr(0, transport::kErrorTextMax));
  out.fixed<std::int32_t>(row.failed);
  out.fixed<std::int32_t>(row.crashes);
  out.fixed<std::int32_t>(row.replays);
  out.time(row.first_failed);
  out.time(row.buried);
  out.text(row.host);
  out.fixed(row.pid);
  out.fixed(row.topic);
  out.fixed(row.partition);
  out.fixed(row.origin);
  out.raw(row.stored);
  return value;
}

DeadRow decode_dead(Bytes value) {
  ByteReader in{value};
  DeadRow row;
  row.group = std::string{in.text()};
  row.subscription = std::string{in.text()};
  row.reason = std::string{in.text()};
  row.error = std::string{in.text()};
  row.failed = in.fixed<std::int32_t>();
  row.crashes = in.fixed<std::int32_t>();
  row.replays = in.fixed<std::int32_t>();
  row.first_failed = in.time();
  row.buried = in.time().value_or(Time{});
  row.host = std::string{in.text()};
  row.pid = in.fixed<std::int64_t>();
  row.topic = in.fixed<std::uint32_t>();
  row.partition = in.fixed<std::uint32_t>();
  row.origin = in.fixed<Sequence>();
  row.stored = in.rest();
  return row;
}

void bury(WriteTransaction& transaction, const DeadRow& row) {
  if (flawed(Flaw::local_bury_drops)) return;
  const std::string value = encode_dead(row);  // before the first change: row.stored may look into a page that it moves
  transaction.put(Tree::dead, key_of(next_number(transaction, "dead")), value);
}

std::optional<DeadRow> load_dead(Transaction& transaction, std::uint64_t number) {
  const auto value = transaction.get(Tree::dead, key_of(number));
  if (!value) return std::nullopt;
  return decode_dead(*value);
}

void erase_dead(WriteTransaction& transaction, std::uint64_t number) {
  transaction.erase(Tree::dead, key_of(number));
}

void for_each_dead(Transaction& transaction, std::uint64_t after,
                   const std::function<bool(std::uint64_t, const DeadRow&)>& visit) {
  TreeCursor cursor{transaction, Tree::dead};
  for (bool more = cursor.seek(key_of(after + 1)); more; more = cursor.next()) {
    if (!visit(dead_number_of(cursor.key()), decode_dead(cursor.value()))) return;
  }
}

std::uint64_t dead_number_of(Bytes key) {
  return KeyReader{key}.u64();
}

std::string dead_key(std::uint64_t number) {
  return std::string{Bytes{key_of(number)}};
}

std::string dead_id(std::uint64_t number) {
  return fmt::format("d{:0{}}", number, kIdDigits);
}

std::optional<std::uint64_t> dead_number(std::string_view id) {
  if (id.size() < 2 || id[0] != 'd') return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(id.data() + 1, id.data() + id.size(), number);
  if (fault != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  return number;
}

DeadLetter to_dead_letter(std::uint64_t number, const DeadRow& row, const Catalog& catalog) {
  const TopicRow* topic = catalog.find(row.topic);
  const std::string name = topic == nullptr ? std::string{} : topic->name;
  DeadLetter letter{
      .id = dead_id(number),
      .group = row.group,
      .subscription = row.subscription,
      .reason = row.reason,
      .error = row.error,
      .attempts = row.failed,
      .crashes = row.crashes,
      .replays = row.replays,
      .first_failed = row.first_failed,
      .buried = row.buried,
      .host = row.host,
      .pid = row.pid,
      .position = {.partition = static_cast<std::int32_t>(row.partition),
                   .offset = static_cast<std::int64_t>(row.origin)},
      .record = {},
  };
  if (auto record = decode_owned(row.stored, name)) {
    letter.record = *std::move(record);
  } else {
    letter.record = damaged_record(row.stored, name);
  }
  return letter;
}

}  // namespace tidings::local
