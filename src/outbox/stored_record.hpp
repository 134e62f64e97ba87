// Records as the inbox and the outbox store them. Format: docs/formats/inbox-sqlite.md, "Records".
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/record.hpp"

namespace tidings::detail {

// Appends to `bytes` after clearing it (so a caller can reuse its memory).
void encode_records(std::span<const transport::Record> records, std::string& bytes);

// corrupt: these bytes were not written by encode_records; unsupported: by a newer one.
Result<std::vector<transport::Record>> decode_records(std::span<const std::byte> bytes);

}  // namespace tidings::detail
