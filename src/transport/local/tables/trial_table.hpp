// What is remembered about the attempts at an event that is not settled.
//
// Format:  docs/formats/local.md, tree `attempts`.
// Threads: values.
#pragma once

#include <optional>
#include <string>

#include "tidings/transport/settlement.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/storage/store_bytes.hpp"
#include "transport/local/tables/group_progress.hpp"

namespace tidings::local {

struct Trial {
  transport::Attempts attempts;
  std::optional<int> marked;  // a Mark that nothing followed yet: `crashes`, should its owner die now
  int late_deaths = 0;        // of owners whose mark stood, but who were not in its handler; see kLateDeathsCharged
  bool suspect = false;

  friend bool operator==(const Trial&, const Trial&) = default;
};

void encode_trial(const Trial& trial, ByteWriter& out);
Trial decode_trial(ByteReader& in);

// A handler may break something that kills its process only after it returned. Most such deaths are others' doing, as
// when a process is killed while it settles: every so many count as one in the handler.
inline constexpr int kLateDeathsCharged = 8;

// Its owner died: a standing mark is charged if it stood on the dead owner's running board (`running`), or else at
// every kLateDeathsCharged-th time.
Trial after_crash(Trial trial, bool running);
// Its owner gave it back: charged nothing.
Trial after_release(Trial trial);
// Nothing worth a row.
bool is_blank(const Trial& trial);

// Rows of tree `attempts`: of events that are unsettled where they lie (parked ones carry their own).
struct TrialKey {
  std::uint32_t group = 0;
  std::uint32_t partition = 0;
  Sequence sequence = 0;
};
struct TrialRow {
  std::uint32_t topic = 0;
  Trial trial;
};
TreeKey key_of(const TrialKey& key);
TrialKey trial_key(Bytes key);
TrialRow decode_trial_row(Bytes value);
std::optional<TrialRow> load_trial(Transaction& transaction, const TrialKey& key);
// Erases the row where the trial is blank.
void store_trial(WriteTransaction& transaction, const TrialKey& key, const TrialRow& row);
// Its owner gives the event back unsettled.
void release_trial(WriteTransaction& transaction, const TrialKey& key);

}  // namespace tidings::local
