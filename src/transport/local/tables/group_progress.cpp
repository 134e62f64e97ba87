#include "transport/local/tables/group_progress.hpp"

#include <algorithm>

namespace tidings::local {

bool StoredProgress::settled(Sequence sequence) const {
  return sequence <= settled_to && !std::binary_search(pending.begin(), pending.end(), sequence);
}

TreeKey key_of(const ProgressKey& key) {
  return TreeKey{}.u32(key.group).u32(key.partition).u32(key.topic);
}

ProgressKey progress_key(Bytes key) {
  KeyReader reader{key};
  ProgressKey parts;
  parts.group = reader.u32();
  parts.partition = reader.u32();
  parts.topic = reader.u32();
  return parts;
}

void encode_progress(Sequence settled_to, const std::vector<Sequence>& all_pending, std::string& out) {
  const auto end = std::upper_bound(all_pending.begin(), all_pending.end(), settled_to);
  ByteWriter writer{out};
  writer.fixed(settled_to);
  writer.varint(static_cast<std::uint64_t>(end - all_pending.begin()));
  Sequence before = 0;
  for (auto pending = all_pending.begin(); pending != end; ++pending) {
    writer.varint(*pending - before);
    before = *pending;
  }
}

StoredProgress decode_progress(Bytes value) {
  ByteReader reader{value};
  StoredProgress progress{.settled_to = reader.fixed<Sequence>()};
  const std::uint64_t count = reader.varint();
  Sequence before = 0;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    before += reader.varint();
    progress.pending.push_back(before);
  }
  return progress;
}

std::optional<StoredProgress> load_progress(Transaction& transaction, const ProgressKey& key) {
  const auto value = transaction.get(Tree::progress, key_of(key));
  if (!value) return std::nullopt;
  return decode_progress(*value);
}

}  // namespace tidings::local
