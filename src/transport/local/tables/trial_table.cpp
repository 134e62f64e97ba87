#include "transport/local/tables/trial_table.hpp"

#include "base/flaw.hpp"

namespace tidings::local {

namespace {

constexpr int kUnmarked = -1;

}  // namespace

void encode_trial(const Trial& trial, ByteWriter& out) {
  out.fixed<std::int32_t>(trial.attempts.failed);
  out.fixed<std::int32_t>(trial.attempts.crashes);
  out.fixed<std::int32_t>(trial.marked.value_or(kUnmarked));
  out.fixed<std::int32_t>(trial.late_deaths);
  out.fixed<std::uint8_t>(trial.suspect);
  out.time(trial.attempts.due);
  out.time(trial.attempts.first_failed);
  out.text(Bytes{trial.attempts.last_error}.substr(0, transport::kErrorTextMax));
}

Trial decode_trial(ByteReader& in) {
  Trial trial;
  trial.attempts.failed = in.fixed<std::int32_t>();
  trial.attempts.crashes = in.fixed<std::int32_t>();
  if (const auto marked = in.fixed<std::int32_t>(); marked != kUnmarked) trial.marked = marked;
  trial.late_deaths = in.fixed<std::int32_t>();
  trial.suspect = in.fixed<std::uint8_t>() != 0;
  trial.attempts.due = in.time();
  if (flawed(Flaw::local_due_forgotten)) trial.attempts.due.reset();
  trial.attempts.first_failed = in.time();
  trial.attempts.last_error = std::string{in.text()};
  return trial;
}

Trial after_crash(Trial trial, bool running) {
  if (trial.marked && !flawed(Flaw::local_crash_marks) && (running || ++trial.late_deaths == kLateDeathsCharged)) {
    trial.attempts.crashes = *trial.marked;
    trial.late_deaths = 0;
  }
  trial.suspect = trial.suspect || ((trial.marked || running) && !flawed(Flaw::local_crash_unsuspected));
  trial.marked.reset();
  return trial;
}

Trial after_release(Trial trial) {
  trial.marked.reset();
  return trial;
}

bool is_blank(const Trial& trial) {
  return trial == Trial{};
}

TreeKey key_of(const TrialKey& key) {
  return TreeKey{}.u32(key.group).u32(key.partition).u64(key.sequence);
}

TrialKey trial_key(Bytes key) {
  KeyReader reader{key};
  TrialKey parts;
  parts.group = reader.u32();
  parts.partition = reader.u32();
  parts.sequence = reader.u64();
  return parts;
}

TrialRow decode_trial_row(Bytes value) {
  ByteReader in{value};
  TrialRow row{.topic = in.fixed<std::uint32_t>()};
  row.trial = decode_trial(in);
  return row;
}

std::optional<TrialRow> load_trial(Transaction& transaction, const TrialKey& key) {
  const auto value = transaction.get(Tree::attempts, key_of(key));
  if (!value) return std::nullopt;
  return decode_trial_row(*value);
}

void store_trial(WriteTransaction& transaction, const TrialKey& key, const TrialRow& row) {
  if (is_blank(row.trial)) return transaction.erase(Tree::attempts, key_of(key));
  std::string value;
  ByteWriter out{value};
  out.fixed(row.topic);
  encode_trial(row.trial, out);
  transaction.put(Tree::attempts, key_of(key), value);
}

void release_trial(WriteTransaction& transaction, const TrialKey& key) {
  auto row = load_trial(transaction, key);
  if (!row || !row->trial.marked) return;
  row->trial = after_release(std::move(row->trial));
  store_trial(transaction, key, *row);
}

}  // namespace tidings::local
