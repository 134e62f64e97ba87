// Between an event and the bytes of its body.
//
// A codec is chosen by content type. It writes and reads envelope and data; which struct the data is, the caller says
// by its description (describe.hpp). `describe<RawJson>()` reads and writes data that has no struct.
//
// Wire: docs/wire.md.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/describe.hpp"
#include "tidings/event.hpp"
#include "tidings/event_type.hpp"
#include "tidings/profile.hpp"
#include "tidings/result.hpp"

#pragma GCC visibility push(default)

namespace tidings {

struct CodecLimits {
  std::size_t body_bytes_max = 16u << 20;  // larger is `invalid`, both ways
  std::size_t depth_max = 64;              // objects and arrays in one another, the body's own object included
};

// What a decoder saw besides the event.
struct DecodeNotes {
  std::size_t both_spellings = 0;  // members that came in both spellings; the profile's own was taken
  std::string traceparent;         // of a body `traceContext` (or `trace_context`), as the article's tracing writes it
  std::string tracestate;
  std::string_view data;  // decode only: the data as it stands in `body`, and as long as that; no white space around it
};

// Errors of peek and decode: corrupt (not JSON, not UTF-8), invalid (JSON, but not this event: the message is a path
// and a reason, `data.items[3].price: expected number, found string`). Neither is mended by a repetition.
//
// Threads: any, at once.
class Codec {
 public:
  virtual ~Codec() = default;

  virtual std::string_view content_type() const = 0;

  // Replaces `body`. invalid: text that is not UTF-8, NaN or infinity, RawJson that is not JSON, too large or deep.
  virtual Result<void> encode(Profile profile, const Envelope& envelope, const Type& type, const void* data,
                              std::string& body) const = 0;

  // Reads the envelope alone. `envelope` comes filled from the record's named fields: what the body says wins, what
  // is in neither stays as it was. `profile` is the transport's own: both are read, its own spelling wins.
  virtual Result<DecodeNotes> peek(Profile profile, std::string_view body, Envelope& envelope) const = 0;

  // Reads envelope and data in one pass. `data` points to a default value of `type`; after an error both are partly
  // read. invalid also: `data` is missing.
  virtual Result<DecodeNotes> decode(Profile profile, std::string_view body, Envelope& envelope, const Type& type,
                                     void* data) const = 0;
};

// `application/json`.
std::unique_ptr<const Codec> json_codec(const CodecLimits& limits = {});

// The codecs of a process, by content type.
class Codecs final {
 public:
  // JSON, and what `add` brings.
  explicit Codecs(const CodecLimits& limits = {});

  void add(std::unique_ptr<const Codec> codec);

  // Parameters (`; charset=utf-8`) and case do not count. No content type: JSON, since foreign producers often name
  // none. Null: unknown.
  const Codec* find(std::string_view content_type) const;
  // What we publish with.
  const Codec& standard() const { return *codecs_.front(); }

 private:
  std::vector<std::unique_ptr<const Codec>> codecs_;
};

}  // namespace tidings

#pragma GCC visibility pop
