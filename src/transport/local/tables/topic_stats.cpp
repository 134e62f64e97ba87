#include "transport/local/tables/topic_stats.hpp"

#include <string>

namespace tidings::local {

TreeKey group_stats_key(std::uint32_t group) {
  constexpr std::uint32_t kOfGroups = 0;  // beside the topics' own rows, whose ids begin with 1
  return TreeKey{}.u32(kOfGroups).u32(group);
}

TopicStats stats_of(Transaction& transaction, std::uint32_t topic) {
  const auto value = transaction.get(Tree::stats, TreeKey{}.u32(topic));
  if (!value) return {};
  ByteReader in{*value};
  TopicStats stats;
  stats.records = in.fixed<std::uint64_t>();
  stats.bytes = in.fixed<std::uint64_t>();
  return stats;
}

void change_stats(WriteTransaction& transaction, std::uint32_t topic, std::int64_t records, std::int64_t bytes) {
  const TopicStats before = stats_of(transaction, topic);
  std::string value;
  ByteWriter out{value};
  out.fixed(before.records + static_cast<std::uint64_t>(records));
  out.fixed(before.bytes + static_cast<std::uint64_t>(bytes));
  transaction.put(Tree::stats, TreeKey{}.u32(topic), value);
}

}  // namespace tidings::local
