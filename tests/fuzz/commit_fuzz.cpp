#include "tests/fuzz/targets.hpp"
#include "transport/kafka/format/commit_record.hpp"

namespace tidings::fuzz {

// The first byte is where the commit is, the rest its metadata.
void commit(std::string_view input) {
  const std::int64_t offset = input.empty() ? 0 : static_cast<unsigned char>(input.front());
  const auto read = kafka::read_commit(offset, input.substr(input.empty() ? 0 : 1));
  if (!read) {
    hold(!read.error().message.empty(), "a refusal says why");
    return;
  }
  const std::string written = kafka::metadata_of(*read);
  if (written.size() > kafka::kCommitMetadataMax) return;
  const auto again = kafka::read_commit(read->watermark, written);
  hold(again, "what was written is read");
  hold(kafka::metadata_of(*again) == written, "what was read is written as it was");
}

}  // namespace tidings::fuzz
