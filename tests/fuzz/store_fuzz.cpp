#include <array>
#include <cstring>
#include <span>
#include <string>

#include "base/boot_id.hpp"
#include "outbox/stored_record.hpp"
#include "tests/fuzz/input_parts.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/driver/running_board.hpp"
#include "transport/local/storage/crc32c.hpp"
#include "transport/local/tables/control_table.hpp"
#include "transport/local/tables/dead_table.hpp"
#include "transport/local/tables/group_progress.hpp"
#include "transport/local/tables/member_table.hpp"
#include "transport/local/tables/parked_table.hpp"
#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/subscriptions.hpp"
#include "transport/local/tables/topic_catalog.hpp"
#include "transport/local/tables/trial_table.hpp"

namespace tidings::fuzz {
namespace {

// What decodes has its checksums right. Both forms of reading agree, and another writing reads as the same.
void check_record(std::string_view stored) {
  const auto header = local::decode_header(stored);
  const auto read = local::decode_owned(stored, "orders");
  says_why(read, stored);
  if (!read) return;
  hold(header, "a record that is read has a header");
  std::string written;
  local::encode_record(*read, header->topic, header->partition, written);
  local::stamp(written.data(), header->published);
  const auto again = local::decode_owned(written, "orders");
  hold(again && *again == *read, "a record comes back as it was");
}

template <class Number>
void put(std::string& stored, std::size_t at, Number number) {
  std::memcpy(stored.data() + at, &number, sizeof number);
}

// The same, where the checksums are right though what they are of is not. docs/formats/local.md has the places.
void check_sealed(std::string_view value) {
  InputParts parts{value};
  std::string stored;
  local::encode_record({}, 1, 2, stored);
  stored.resize(local::kRecordHeaderBytes);
  stored[1] = static_cast<char>(parts.byte() % 4);
  const std::uint32_t headers = parts.byte();
  const std::string_view payload = parts.rest();
  put(stored, 16, static_cast<std::uint32_t>(payload.size()));
  put(stored, 20, local::crc32c(payload));
  put(stored, 24, headers);
  put(stored, 28, local::crc32c(std::string_view{stored}.substr(0, 28)));
  check_record(stored.append(payload));
}

void check_progress(std::string_view value) {
  const auto read = local::decode_progress(value);
  std::string written;
  local::encode_progress(read.settled_to, read.pending, written);
  const auto again = local::decode_progress(written);
  hold(again.settled_to == read.settled_to, "how far a group is comes back as it was");
}

// What a row says is written as it was read; a text that is too long is cut once.
void comes_back(const auto& read, const auto& encode, const auto& decode) {
  const std::string written = encode(read);
  const auto again = decode(written);
  hold(encode(again) == written, "a row comes back as it was");
}

void check_trial(std::string_view value) {
  const auto encode = [](const local::TrialRow& row) {
    std::string written;
    ByteWriter out{written};
    out.fixed(row.topic);
    local::encode_trial(row.trial, out);
    return written;
  };
  comes_back(local::decode_trial_row(value), encode, local::decode_trial_row);
}

void check_member(std::string_view value) {
  const auto key = local::TreeKey{}.u32(3).u64(4);
  comes_back(local::decode_member(key, value), local::encode_member,
             [&](std::string_view written) { return local::decode_member(key, written); });
  static_cast<void>(local::decode_member(value, value));
  comes_back(local::decode_owner(value), local::encode_owner, local::decode_owner);
}

void check_catalog(std::string_view value) {
  InputParts parts{value};
  const std::string_view key = parts.sized(), row = parts.rest();
  comes_back(local::decode_topic(key, row), local::encode_topic,
             [&](std::string_view written) { return local::decode_topic(key, written); });
  if (const auto subscription = local::decode_subscription(key, row)) {
    comes_back(*subscription, local::encode_subscription,
               [&](std::string_view written) { return *local::decode_subscription(key, written); });
  }
  hold(local::decode_control(key, row).key == key, "a control record has its key");
}

void check_records(std::string_view bytes) {
  const auto records = detail::decode_records(std::as_bytes(std::span{bytes}));
  says_why(records, bytes);
  if (!records) return;
  std::string written;
  detail::encode_records(*records, written);
  const auto again = detail::decode_records(std::as_bytes(std::span{written}));
  hold(again && *again == *records, "records of the outbox come back as they were");
}

// A file that another process left, since this machine was started.
void check_board(std::string_view value) {
  constexpr std::size_t kBootAt = 16, kBootBytes = 48;  // docs/formats/local.md, "Boards"
  std::string bytes{value};
  if (bytes.size() >= kBootAt + kBootBytes) {
    std::string boot = boot_id();
    boot.resize(kBootBytes);
    bytes.replace(kBootAt, kBootBytes, boot);
  }
  static const testing::ScratchDirectory scratch;
  const auto running = transport::read_board(scratch.write("board", bytes));
  hold(running.size() * sizeof(std::uint64_t) <= bytes.size(), "a board has no more than there is");
}

constexpr std::array<void (*)(std::string_view), 10> kKinds{
    check_record,
    check_progress,
    check_trial,
    [](std::string_view value) { comes_back(local::decode_dead(value), local::encode_dead, local::decode_dead); },
    [](std::string_view value) { comes_back(local::decode_parked(value), local::encode_parked, local::decode_parked); },
    check_sealed,
    check_member,
    check_catalog,
    check_records,
    check_board};

}  // namespace

// The first byte chooses what the rest is.
void store(std::string_view input) {
  if (input.empty()) return;
  kKinds[static_cast<unsigned char>(input.front()) % kKinds.size()](input.substr(1));
}

}  // namespace tidings::fuzz
