#include "transport/local/tables/parked_table.hpp"

#include "transport/local/tables/topic_catalog.hpp"

namespace tidings::local {

namespace {

TreeKey key_of(const ParkedKey& key) {
  return TreeKey{}.u32(key.group).u32(key.partition).u64(key.id);
}

TreeKey due_key(const ParkedKey& key, Time due) {
  return TreeKey{}.u32(key.group).u32(key.partition).time(due).u64(key.id);
}

// `value` was encoded before the first change: row.stored may look into a page that a change moves.
void put(WriteTransaction& transaction, const ParkedKey& key, const ParkedRow& row, const std::string& value) {
  std::string topic;
  ByteWriter{topic}.fixed(row.topic);
  transaction.put(Tree::parked_due, due_key(key, row.due), topic);
  transaction.put(Tree::parked, key_of(key), value);
}

}  // namespace

std::string encode_parked(const ParkedRow& row) {
  std::string value;
  value.reserve(row.stored.size() + 128);
  ByteWriter out{value};
  out.fixed(row.topic);
  out.fixed(row.origin);
  out.time(row.due);
  out.fixed<std::int32_t>(row.replays);
  out.text(row.replay_id);
  encode_trial(row.trial, out);
  out.raw(row.stored);
  return value;
}

ParkedRow decode_parked(Bytes value) {
  ByteReader in{value};
  ParkedRow row{.topic = in.fixed<std::uint32_t>()};
  row.origin = in.fixed<Sequence>();
  row.due = in.time().value_or(Time{});
  row.replays = in.fixed<std::int32_t>();
  row.replay_id = std::string{in.text()};
  row.trial = decode_trial(in);
  row.stored = in.rest();
  return row;
}

ParkedId park(WriteTransaction& transaction, std::uint32_t group, std::uint32_t partition, const ParkedRow& row) {
  const std::string value = encode_parked(row);
  const ParkedKey key{.group = group, .partition = partition, .id = next_number(transaction, "parked")};
  put(transaction, key, row, value);
  return key.id;
}

std::optional<ParkedRow> load_parked(Transaction& transaction, const ParkedKey& key) {
  const auto value = transaction.get(Tree::parked, key_of(key));
  if (!value) return std::nullopt;
  return decode_parked(*value);
}

void store_parked(WriteTransaction& transaction, const ParkedKey& key, const ParkedRow& row) {
  const std::string value = encode_parked(row);
  const auto before = load_parked(transaction, key);
  if (before && before->due != row.due) transaction.erase(Tree::parked_due, due_key(key, before->due));
  put(transaction, key, row, value);
}

void release_parked(WriteTransaction& transaction, const ParkedKey& key) {
  auto row = load_parked(transaction, key);
  if (!row || !row->trial.marked) return;
  row->trial = after_release(std::move(row->trial));
  store_parked(transaction, key, *row);
}

void erase_parked(WriteTransaction& transaction, const ParkedKey& key) {
  const auto row = load_parked(transaction, key);
  if (!row) return;
  const Time due = row->due;
  transaction.erase(Tree::parked, key_of(key));
  transaction.erase(Tree::parked_due, due_key(key, due));
}

}  // namespace tidings::local
