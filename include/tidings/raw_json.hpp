// Two kinds of data that are carried, not understood.
#pragma once

#include <compare>
#include <string>

#pragma GCC visibility push(default)

namespace tidings {

// A JSON value as text, kept as it was received. Also the data of events that have no C++ type: handlers of `#`, the
// command line. Empty: no value; written as a missing member, or as null where a value must be.
struct RawJson {
  std::string text;

  friend auto operator<=>(const RawJson&, const RawJson&) = default;
};

// Any bytes. Wire: base64 (RFC 4648, with padding).
struct Bytes {
  std::string data;

  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

}  // namespace tidings

#pragma GCC visibility pop
