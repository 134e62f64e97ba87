#include <bit>

#include "event/json_check.hpp"
#include "event/json_envelope.hpp"
#include "event/json_reader.hpp"
#include "event/json_writer.hpp"
#include "tidings/codec.hpp"
#include "tidings/json.hpp"

namespace tidings {

namespace {

// What a thread keeps from one body to the next; larger memory is given back.
constexpr std::size_t kScratchKeptMax = 1u << 20;
constexpr std::size_t kScratchMin = 4'096;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view without_mark(std::string_view body) {
  return body.starts_with(kByteOrderMark) ? body.substr(kByteOrderMark.size()) : body;
}

Error too_large(std::size_t bytes, std::size_t bytes_max) {
  return invalid("a body of " + std::to_string(bytes) + " bytes; the limit is " + std::to_string(bytes_max) +
                 " (CodecLimits::body_bytes_max)");
}

// One thread's parser and its padded copy of a document.
struct ParseScratch {
  simdjson::ondemand::parser parser{};
  std::unique_ptr<char[]> text{};
  std::size_t capacity = 0;

  // Room for a document of that size; false: no memory.
  bool prepare(std::size_t bytes) {
    if (text && bytes <= capacity) return true;
    const std::size_t wanted = std::bit_ceil(std::max(bytes, kScratchMin));
    if (parser.allocate(wanted) != simdjson::SUCCESS) return false;
    text.reset(new char[wanted + simdjson::SIMDJSON_PADDING]);
    capacity = wanted;
    return true;
  }
};

template <class Scratch>
void give_back_large(Scratch& scratch, std::size_t capacity) {
  if (capacity > kScratchKeptMax) scratch = Scratch();
}

// Parses `before` + `text` + `after` as one document and hands its root, an object or an array, to `read`.
// `read(reader, root)` returns false on a failure of the reader.
template <class Read>
Result<void> parse(Profile profile, std::string_view before, std::string_view text, std::string_view after,
                   const CodecLimits& limits, std::string_view name, Read read) {
  thread_local ParseScratch scratch;
  const std::size_t bytes = before.size() + text.size() + after.size();
  if (text.size() > limits.body_bytes_max) return too_large(text.size(), limits.body_bytes_max);
  if (!scratch.prepare(bytes)) return overloaded("no memory for a body of " + std::to_string(bytes) + " bytes");
  char* end = scratch.text.get();
  for (const std::string_view part : {before, text, after}) end = std::copy(part.begin(), part.end(), end);
  std::fill_n(end, simdjson::SIMDJSON_PADDING, ' ');
  JsonReader reader{profile, limits.depth_max + before.size(), end};
  const auto parsed = [&] {
    simdjson::ondemand::document document;
    const simdjson::padded_string_view padded{scratch.text.get(), bytes, bytes + simdjson::SIMDJSON_PADDING};
    if (const auto error = scratch.parser.iterate(padded).get(document)) return reader.fail_as(error);
    simdjson::ondemand::value root;
    if (const auto error = document.get_value().get(root)) {
      if (error != simdjson::SCALAR_DOCUMENT_AS_VALUE || !is_json(text, 1)) return reader.fail_as(error);
      return reader.fail("expected object, found a single value");
    }
    if (!read(reader, root)) return false;
    // Out of bounds is where a document that held nothing else ends.
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS ||
           reader.failure().set(ErrorKind::corrupt, "not JSON: more text behind the value");
  }();
  give_back_large(scratch, scratch.capacity);
  if (!parsed) return reader.failure().error(name);
  return {};
}

// Writes into a thread's buffer, then gives the text to `take`.
template <class Write, class Take>
Result<void> write(Profile profile, const CodecLimits& limits, std::string_view name, Write write_value, Take take) {
  thread_local TextBuffer out;
  out.clear();
  JsonWriter writer{out, profile, limits.depth_max};
  const bool done = write_value(writer);
  const std::size_t bytes = out.size();
  const bool fits = bytes <= limits.body_bytes_max;
  if (done && fits) take(out.text());
  give_back_large(out, out.capacity());
  if (!done) return writer.failure().error(name);
  if (!fits) return too_large(bytes, limits.body_bytes_max);
  return {};
}

class JsonCodec final : public Codec {
 public:
  explicit JsonCodec(const CodecLimits& limits) : limits_{limits} {}

  std::string_view content_type() const override { return "application/json"; }

  Result<void> encode(Profile profile, const Envelope& envelope, const Type& type, const void* data,
                      std::string& body) const override {
    return write(
        profile, limits_, "body",
        [&](JsonWriter& writer) { return write_event(writer, profile, envelope, type, data); },
        [&](std::string_view text) { body.assign(text); });
  }

  Result<DecodeNotes> peek(Profile profile, std::string_view body, Envelope& envelope) const override {
    return read(profile, body, envelope, {});
  }

  Result<DecodeNotes> decode(Profile profile, std::string_view body, Envelope& envelope, const Type& type,
                             void* data) const override {
    return read(profile, body, envelope, {&type, data});
  }

 private:
  Result<DecodeNotes> read(Profile profile, std::string_view body, Envelope& envelope, DataTarget target) const {
    DecodeNotes notes;
    const std::string_view text = without_mark(body);
    auto done = parse(profile, "", text, "", limits_, "body", [&](JsonReader& reader, JsonReader::Value& root) {
      EventReader event{reader, envelope, target};
      if (!event.read(root)) return false;
      notes = std::move(event.notes());
      // From the padded copy to the caller's bytes.
      if (!notes.data.empty()) notes.data = {text.end() - (reader.end() - notes.data.data()), notes.data.size()};
      return true;
    });
    if (!done) return done.error();
    return notes;
  }

  CodecLimits limits_;
};

}  // namespace

std::unique_ptr<const Codec> json_codec(const CodecLimits& limits) {
  return std::make_unique<JsonCodec>(limits);
}

Result<void> append_json(std::string& to, Profile profile, const Type& type, const void* value,
                         const CodecLimits& limits) {
  return write(
      profile, limits, "value", [&](JsonWriter& writer) { return writer.write(type, value); },
      [&](std::string_view text) { to.append(text); });
}

Result<void> append_json_string(std::string& to, std::string_view text) {
  return write(
      Profile::kafka, CodecLimits{}, "text", [&](JsonWriter& writer) { return writer.write_string(text); },
      [&](std::string_view json) { to.append(json); });
}

// simdjson treats a single value apart from values inside of a document: as the one element of an array it is like all.
Result<void> read_json(std::string_view text, Profile profile, const Type& type, void* value,
                       const CodecLimits& limits) {
  return parse(profile, "[", text, "]", limits, "value", [&](JsonReader& reader, JsonReader::Value& root) {
    return reader.read_only_element(type, root, value);
  });
}

}  // namespace tidings
