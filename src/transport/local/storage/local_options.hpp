// What a `local:` URL says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::local {

// What a commit waits for.
enum class Sync {
  commit,  // all of it is on the disk: survives a power cut
  meta,    // the data is: a power cut may undo the last commit, never damages the store
  none,    // the page cache: survives the crash of processes; after a power cut the store may be unusable
};

struct Options {
  std::string directory;
  Sync sync = Sync::commit;
  std::optional<std::uint64_t> size_max;    // bytes; default kSizeMaxDefault, kept with the store
  std::optional<std::uint32_t> partitions;  // at creation; default kPartitionsDefault
  std::optional<Duration> retention;        // of topics whose declaration says nothing; default kRetentionDefault

  friend bool operator==(const Options&, const Options&) = default;
};

// The URL's form and its options, for messages and --help.
std::string describe_local();

// invalid: an option that is not known, or a value out of its range. Says every fault at once.
Result<Options> options_from(const transport::Url& url);

}  // namespace tidings::local
