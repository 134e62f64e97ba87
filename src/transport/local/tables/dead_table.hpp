// Dead letters inside a transaction, each with its own copy of the record.
//
// Format:  docs/formats/local.md, tree `dead`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/transport/operator.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/tables/group_progress.hpp"
#include "transport/local/tables/topic_catalog.hpp"

namespace tidings::local {

struct DeadRow {
  std::string group;
  std::string subscription;
  std::string reason;
  std::string error;
  int failed = 0;
  int crashes = 0;
  int replays = 0;
  std::optional<Time> first_failed;
  Time buried{};
  std::string host;
  std::int64_t pid = 0;
  std::uint32_t topic = 0;
  std::uint32_t partition = 0;
  Sequence origin = 0;
  Bytes stored;  // the record; valid as long as what the transaction gave

  friend bool operator==(const DeadRow&, const DeadRow&) = default;
};

// Gives it a number of its own, rising.
void bury(WriteTransaction& transaction, const DeadRow& row);

std::optional<DeadRow> load_dead(Transaction& transaction, std::uint64_t number);
void erase_dead(WriteTransaction& transaction, std::uint64_t number);

// Those with a number > `after`, in order, until `visit` returns false.
void for_each_dead(Transaction& transaction, std::uint64_t after,
                   const std::function<bool(std::uint64_t number, const DeadRow& row)>& visit);

std::string encode_dead(const DeadRow& row);
// For walks: an entry of the tree, and where one begins. What is cut off is empty.
DeadRow decode_dead(Bytes value);
std::uint64_t dead_number_of(Bytes key);
std::string dead_key(std::uint64_t number);

// The number as an id that sorts as text, and back.
std::string dead_id(std::uint64_t number);
std::optional<std::uint64_t> dead_number(std::string_view id);

transport::DeadLetter to_dead_letter(std::uint64_t number, const DeadRow& row, const Catalog& catalog);

}  // namespace tidings::local
