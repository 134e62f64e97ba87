#include <string>
#include <vector>

#include "tests/fuzz/targets.hpp"
#include "transport/local/storage/crc32c.hpp"
#include "transport/local/tables/dead_table.hpp"
#include "transport/local/tables/group_progress.hpp"
#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/trial_table.hpp"

namespace tidings::fuzz {
namespace {

// What decodes has its checksums right. Both forms of reading agree, and another writing reads as the same.
void check_record(std::string_view stored) {
  const auto header = local::decode_header(stored);
  const auto read = local::decode_owned(stored, "orders");
  if (!read) return;
  hold(header, "a record that is read has a header");
  std::string written;
  local::encode_record(*read, header->topic, header->partition, written);
  local::stamp(written.data(), header->published);
  const auto again = local::decode_owned(written, "orders");
  hold(again && *again == *read, "a record comes back as it was");
}

void check_progress(std::string_view value) {
  const auto read = local::decode_progress(value);
  std::string written;
  local::encode_progress(read.settled_to, read.pending, written);
  const auto again = local::decode_progress(written);
  hold(again.settled_to == read.settled_to, "how far a group is comes back as it was");
}

}  // namespace

// The first byte chooses what the rest is.
void store(std::string_view input) {
  if (input.empty()) return;
  const std::string_view value = input.substr(1);
  switch (static_cast<unsigned char>(input.front()) % 4) {
    case 0:
      return check_record(value);
    case 1:
      return check_progress(value);
    case 2:
      return static_cast<void>(local::decode_trial_row(value));
    default:
      return static_cast<void>(local::decode_dead(value));
  }
}

}  // namespace tidings::fuzz
