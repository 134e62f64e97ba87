// The event around the data: writes and reads a whole body.
#pragma once

#include <simdjson.h>

#include "event/envelope_fields.hpp"
#include "event/json_reader.hpp"
#include "event/json_writer.hpp"
#include "tidings/codec.hpp"

namespace tidings {

// False: the writer's failure says why.
bool write_event(JsonWriter& writer, Profile profile, const Envelope& envelope, const Type& type, const void* data);

// What to read of a body besides its envelope.
struct DataTarget {
  const Type* type = nullptr;  // null: the envelope alone
  void* data = nullptr;
};

// Reads one body. `object` is its root.
class EventReader final {
 public:
  EventReader(JsonReader& json, Envelope& envelope, DataTarget target)
      : json_{json}, envelope_{envelope}, target_{target} {}

  // False: the reader's failure says why.
  bool read(JsonReader::Value& root);

  DecodeNotes& notes() { return notes_; }

 private:
  bool read_field(FieldMatch match, JsonReader::Value& value);
  bool read_value(EnvelopeField field, JsonReader::Value& value);
  bool read_text(JsonReader::Value& value, std::string& out);
  bool read_time(JsonReader::Value& value);
  bool read_version(JsonReader::Value& value);
  bool read_data(JsonReader::Value& value);
  bool read_metadata(JsonReader::Value& value);
  bool read_trace_context(JsonReader::Value& value);

  JsonReader& json_;
  Envelope& envelope_;
  DataTarget target_;
  SeenFields seen_;
  DecodeNotes notes_;
};

}  // namespace tidings
