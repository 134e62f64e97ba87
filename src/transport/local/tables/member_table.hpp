// Members of subscriptions and the partitions that they own, inside a transaction.
//
// Format:  docs/formats/local.md, trees `members` and `owners`. ADR 0007 says how partitions change hands.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "transport/local/storage/assignment.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/storage/process_name.hpp"

namespace tidings::local {

struct MemberRow {
  MemberId id = 0;
  std::uint32_t subscription = 0;
  std::string instance;
  std::string host;
  ProcessName process;

  friend bool operator==(const MemberRow&, const MemberRow&) = default;
};

struct Owner {
  MemberId member = 0;  // 0: nobody
  std::uint64_t epoch = 0;

  friend bool operator==(const Owner&, const Owner&) = default;
};

// Values of the trees; what is cut off is empty.
MemberRow decode_member(Bytes key, Bytes value);
std::string encode_member(const MemberRow& member);
Owner decode_owner(Bytes value);
std::string encode_owner(const Owner& owner);

// By id.
std::vector<MemberRow> members_of(Transaction& transaction, std::uint32_t subscription);
std::vector<MemberRow> all_members(Transaction& transaction);
bool is_member(Transaction& transaction, const MemberRow& member);
void put_member(WriteTransaction& transaction, const MemberRow& member);
void erase_member(WriteTransaction& transaction, const MemberRow& member);

Owner owner_of(Transaction& transaction, std::uint32_t subscription, std::uint32_t partition);
void put_owner(WriteTransaction& transaction, std::uint32_t subscription, std::uint32_t partition, const Owner& owner);
std::vector<Owner> owners_of(Transaction& transaction, std::uint32_t subscription, std::uint32_t partitions);

// Who should own what now, by fair_assignment().
std::vector<MemberId> assignment_of(Transaction& transaction, std::uint32_t subscription, std::uint32_t partitions);

}  // namespace tidings::local
