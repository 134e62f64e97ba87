// What can be known of a `local:` directory without opening the store in it.
//
// Format: docs/formats/local.md, "Directory": a store is there when its file `format` is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operate/findings.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::operate {

// The directory of a `local:` URL; none: another transport.
std::optional<std::string> directory_of(const transport::Url& url);

// unavailable: there is no store in the directory, and opening the URL would make one. Other transports pass.
Result<void> expect_store(const transport::Url& url);

struct DirectoryFacts {
  std::string path;
  unsigned mode = 0;  // permission bits
  bool ours = false;  // owned by this user
  std::uint64_t disk_bytes = 0;
  std::uint64_t disk_bytes_free = 0;  // for this user
};

// unavailable: it cannot be looked at.
Result<DirectoryFacts> look_at_directory(const std::string& path);

// Permissions and room.
std::vector<Finding> judge_directory(const DirectoryFacts& facts);

}  // namespace tidings::operate
