// The topics of a store and what was declared about them.
//
// Format:  docs/formats/local.md, tree `topics`.
// Threads: a Catalog is immutable; the functions run inside the caller's transaction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/transport.hpp"
#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

struct TopicRow {
  std::uint32_t id = 0;  // 1, 2, ...
  std::string name;
  bool command = false;
  std::uint32_t partitions = 1;  // at most the store's
  transport::Retention retention;

  friend bool operator==(const TopicRow&, const TopicRow&) = default;
};
std::string encode_topic(const TopicRow& row);
TopicRow decode_topic(Bytes name, Bytes value);  // what is cut off is empty

class Catalog final {
 public:
  Catalog() = default;
  explicit Catalog(Transaction& transaction);

  const TopicRow* find(std::string_view name) const;
  const TopicRow* find(std::uint32_t id) const;
  const std::vector<TopicRow>& topics() const { return topics_; }  // by id, which rise by one
  const std::vector<transport::PublishedType>& published() const { return published_; }

 private:
  std::vector<TopicRow> topics_;
  std::vector<transport::PublishedType> published_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

// invalid: a name that no topic may have.
Result<void> check_name(std::string_view what, std::string_view name);

// Creates the topic if it is missing, and sets what was never set. True: something changed.
// conflict: it exists and differs. `partitions`: the store's.
Result<bool> declare_topic(WriteTransaction& transaction, const transport::TopicSpec& spec, std::uint32_t partitions);

// Changes what `change` says of it. invalid: no such topic, or no such retention.
Result<void> change_retention(WriteTransaction& transaction, std::string_view topic,
                              const transport::Retention& change);

// Notes the type and its topic (a Control record under kPublishedPrefix). True: something changed.
Result<bool> declare_published(WriteTransaction& transaction, const transport::PublishedType& published);

// A number that was never given out before, of the series `series` (tree `meta`): 1, 2, ...
std::uint64_t next_number(WriteTransaction& transaction, std::string_view series);

}  // namespace tidings::local
