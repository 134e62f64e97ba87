#include "event/envelope_fields.hpp"
#include "event/json_envelope.hpp"

namespace tidings {

namespace {

// Writes the members of one body, each with its name.
class EventWriter {
 public:
  EventWriter(JsonWriter& json, Profile profile) : json_{json}, profile_{profile}, begin_{json.out().size()} {}

  bool text(EnvelopeField field, std::string_view value) {
    name(field);
    return json_.write_string(value) || fail(field);
  }
  // Members that foreign readers may not know are written only where they say something.
  bool text_if_any(EnvelopeField field, std::string_view value) { return value.empty() || text(field, value); }

  bool time(Time value) {
    name(EnvelopeField::time);
    return json_.write_time(detail::instant_of(value.time_since_epoch())) || fail(EnvelopeField::time);
  }

  bool version(int value) {
    name(EnvelopeField::version);
    json_.write_integer(value);
    return true;
  }

  bool data(const Type& type, const void* value) {
    name(EnvelopeField::data);
    return json_.write(type, value) || fail(EnvelopeField::data);
  }

  bool metadata(const std::map<std::string, std::string>& values) {
    if (values.empty()) return true;
    name(EnvelopeField::metadata);
    return json_.write(describe<std::map<std::string, std::string>>(), &values) || fail(EnvelopeField::metadata);
  }

 private:
  void name(EnvelopeField field) { json_.write_name(envelope_name(field, profile_), begin_); }
  bool fail(EnvelopeField field) { return json_.failure().in_member(envelope_name(field, profile_)); }

  JsonWriter& json_;
  Profile profile_;
  std::size_t begin_;
};

}  // namespace

bool write_event(JsonWriter& writer, Profile profile, const Envelope& envelope, const Type& type, const void* data) {
  if (!writer.enter('{')) return false;
  EventWriter event{writer, profile};
  // The article's schema requires the aggregate id; its Python profile does not know it.
  const bool names_aggregate = profile == Profile::kafka || !envelope.aggregate_id.empty();
  const bool done = event.text(EnvelopeField::id, envelope.id) && event.text(EnvelopeField::type, envelope.type) &&
                    event.time(envelope.time) &&
                    (!names_aggregate || event.text(EnvelopeField::aggregate_id, envelope.aggregate_id)) &&
                    event.version(envelope.version) &&
                    event.text_if_any(EnvelopeField::correlation_id, envelope.correlation_id) &&
                    event.text_if_any(EnvelopeField::causation_id, envelope.causation_id) && event.data(type, data) &&
                    event.metadata(envelope.metadata);
  if (done) writer.leave('}');
  return done;
}

}  // namespace tidings
