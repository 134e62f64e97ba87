// Where a URL leads, as its driver can tell without opening it: what the tools of operators ask before they do.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tidings/result.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

// From where a deployment can be opened.
enum class Reach {
  process,  // by the process that made it
  host,     // by the processes of its host, in a directory
  network,  // a broker
};

// A directory that holds a deployment, or would.
struct DirectoryState {
  std::string path;
  unsigned mode = 0;  // permission bits
  bool ours = false;  // owned by this user
  std::uint64_t disk_bytes = 0;
  std::uint64_t disk_bytes_free = 0;  // for this user
};

struct Place {
  Reach reach = Reach::network;
  bool deployed = true;                     // false: nothing is there, and opening the URL would make it
  std::optional<DirectoryState> directory;  // of Reach::host; none: it is not there
  // Reads all of it through, apart from this process: where it is damaged, opening it may be the end of a process.
  // Blocks as long as that takes. corrupt: it is. Null: nothing here can be damaged so.
  std::function<Result<void>()> verify;
};

}  // namespace tidings::transport

#pragma GCC visibility pop
