// One described value to JSON text and back, without an envelope.
//
// Threads: any, at once.
// Errors:  writing: invalid (text that is not UTF-8, NaN or infinity, RawJson that is not JSON, a limit); reading:
//          corrupt (not JSON, not UTF-8), invalid (JSON, but not this type, with path and reason; a limit).
#pragma once

#include <string>
#include <string_view>

#include "tidings/codec.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// Appends. On an error `to` is as before.
Result<void> append_json(std::string& to, Profile profile, const Type& type, const void* value,
                         const CodecLimits& limits = {});
// `value` points to a default value of `type`.
Result<void> read_json(std::string_view text, Profile profile, const Type& type, void* value,
                       const CodecLimits& limits = {});

// Appends a JSON string with its quotes. invalid: not UTF-8.
Result<void> append_json_string(std::string& to, std::string_view text);

template <class T>
Result<std::string> to_json(const T& value, Profile profile = Profile::kafka) {
  std::string text;
  if (auto done = append_json(text, profile, describe<T>(), &value); !done) return done.error();
  return text;
}

template <class T>
Result<T> from_json(std::string_view text, Profile profile = Profile::kafka) {
  T value{};
  if (auto done = read_json(text, profile, describe<T>(), &value); !done) return done.error();
  return value;
}

}  // namespace tidings

#pragma GCC visibility pop
