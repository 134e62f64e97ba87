#include "transport/local/tables/member_table.hpp"

#include <algorithm>

namespace tidings::local {

namespace {

TreeKey member_key(std::uint32_t subscription, MemberId member) {
  return TreeKey{}.u32(subscription).u64(member);
}

TreeKey owner_key(std::uint32_t subscription, std::uint32_t partition) {
  return TreeKey{}.u32(subscription).u32(partition);
}

std::vector<MemberRow> members_with(Transaction& transaction, Bytes prefix) {
  std::vector<MemberRow> rows;
  for_each_with_prefix(transaction, Tree::members, prefix, [&](Bytes key, Bytes value) {
    rows.push_back(decode_member(key, value));
    return true;
  });
  return rows;
}

}  // namespace

MemberRow decode_member(Bytes key, Bytes value) {
  KeyReader in_key{key};
  MemberRow row;
  row.subscription = in_key.u32();
  row.id = in_key.u64();
  ByteReader in{value};
  row.instance = std::string{in.text()};
  row.host = std::string{in.text()};
  row.process.pid = in.fixed<std::int64_t>();
  row.process.started = in.fixed<std::uint64_t>();
  row.process.boot = std::string{in.text()};
  return row;
}

std::string encode_member(const MemberRow& member) {
  std::string value;
  ByteWriter out{value};
  out.text(member.instance);
  out.text(member.host);
  out.fixed(member.process.pid);
  out.fixed(member.process.started);
  out.text(member.process.boot);
  return value;
}

Owner decode_owner(Bytes value) {
  ByteReader in{value};
  Owner owner;
  owner.member = in.fixed<MemberId>();
  owner.epoch = in.fixed<std::uint64_t>();
  return owner;
}

std::string encode_owner(const Owner& owner) {
  std::string value;
  ByteWriter out{value};
  out.fixed(owner.member);
  out.fixed(owner.epoch);
  return value;
}

std::vector<MemberRow> members_of(Transaction& transaction, std::uint32_t subscription) {
  return members_with(transaction, TreeKey{}.u32(subscription));
}

std::vector<MemberRow> all_members(Transaction& transaction) {
  return members_with(transaction, "");
}

bool is_member(Transaction& transaction, const MemberRow& member) {
  return transaction.get(Tree::members, member_key(member.subscription, member.id)).has_value();
}

void put_member(WriteTransaction& transaction, const MemberRow& member) {
  transaction.put(Tree::members, member_key(member.subscription, member.id), encode_member(member));
}

void erase_member(WriteTransaction& transaction, const MemberRow& member) {
  transaction.erase(Tree::members, member_key(member.subscription, member.id));
}

Owner owner_of(Transaction& transaction, std::uint32_t subscription, std::uint32_t partition) {
  const auto value = transaction.get(Tree::owners, owner_key(subscription, partition));
  return value ? decode_owner(*value) : Owner{};
}

void put_owner(WriteTransaction& transaction, std::uint32_t subscription, std::uint32_t partition, const Owner& owner) {
  transaction.put(Tree::owners, owner_key(subscription, partition), encode_owner(owner));
}

std::vector<Owner> owners_of(Transaction& transaction, std::uint32_t subscription, std::uint32_t partitions) {
  std::vector<Owner> owners(partitions);
  for_each_with_prefix(transaction, Tree::owners, TreeKey{}.u32(subscription), [&](Bytes key, Bytes value) {
    KeyReader in{key};
    in.u32();
    if (const std::uint32_t partition = in.u32(); partition < partitions) owners[partition] = decode_owner(value);
    return true;
  });
  return owners;
}

std::vector<MemberId> assignment_of(Transaction& transaction, std::uint32_t subscription, std::uint32_t partitions) {
  std::vector<MemberId> members;
  for (const MemberRow& row : members_of(transaction, subscription)) members.push_back(row.id);
  std::vector<MemberId> owners;
  for (const Owner& owner : owners_of(transaction, subscription, partitions)) owners.push_back(owner.member);
  return fair_assignment(members, owners);
}

}  // namespace tidings::local
