// How far a group is in one topic of one partition: what it has settled, and what of before that it has not.
//
// The unit of what is stored about reading. Everything of the partition and topic up to `settled_to` is settled, but
// for the `pending` ones; nothing after it is.
//
// Format:  docs/formats/local.md, tree `progress`.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidings/result.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/storage/store_bytes.hpp"

namespace tidings::local {

using Sequence = std::uint64_t;

struct StoredProgress {
  Sequence settled_to = 0;
  std::vector<Sequence> pending;  // ascending, none > settled_to

  bool settled(Sequence sequence) const;
  // The first that may be unsettled.
  Sequence first_open() const { return pending.empty() ? settled_to + 1 : pending.front(); }

  friend bool operator==(const StoredProgress&, const StoredProgress&) = default;
};

// Where it lies.
struct ProgressKey {
  std::uint32_t group = 0;
  std::uint32_t partition = 0;
  std::uint32_t topic = 0;

  friend auto operator<=>(const ProgressKey&, const ProgressKey&) = default;
};

TreeKey key_of(const ProgressKey& key);
ProgressKey progress_key(Bytes key);

// Appends the stored form; `pending` are those of `all_pending` (ascending) up to `settled_to`.
void encode_progress(Sequence settled_to, const std::vector<Sequence>& all_pending, std::string& out);
StoredProgress decode_progress(Bytes value);

std::optional<StoredProgress> load_progress(Transaction& transaction, const ProgressKey& key);

}  // namespace tidings::local
