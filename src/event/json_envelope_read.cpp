#include <limits>

#include "event/decimal.hpp"
#include "event/envelope_fields.hpp"
#include "event/json_envelope.hpp"

namespace tidings {

namespace ondemand = simdjson::ondemand;

bool EventReader::read(JsonReader::Value& root) {
  std::size_t expected = 0;
  const bool done = json_.each_field(root, [&](ondemand::field& field) {
    const FieldMatch match = json_.match(kEnvelopeFields, field, expected);
    if (match.index == kEnvelopeFields.size()) return json_.skip(field.value());
    expected = match.index + 1;
    return read_field(match, field.value());
  });
  if (!done) return false;
  notes_.both_spellings = json_.both_spellings();
  if (!target_.type || seen_.seen(static_cast<std::size_t>(EnvelopeField::data))) return true;
  json_.fail("required, but missing");
  return json_.failure().in_member("data");
}

bool EventReader::read_field(FieldMatch match, JsonReader::Value& value) {
  if (json_.take_null(value)) return true;
  const auto field = static_cast<EnvelopeField>(match.index);
  switch (seen_.come(match, json_.both_spellings())) {
    case SeenFields::Then::skip:
      return json_.skip(value);
    case SeenFields::Then::take_again:
      if (field == EnvelopeField::data && target_.type) target_.type->reset(target_.data);
      if (field == EnvelopeField::metadata) envelope_.metadata.clear();
      break;
    case SeenFields::Then::take:
      break;
  }
  const auto spelling = static_cast<std::size_t>(json_.profile()) ^ (match.own ? 0u : 1u);
  return read_value(field, value) || json_.failure().in_member(kEnvelopeFields[match.index].names[spelling]);
}

bool EventReader::read_value(EnvelopeField field, JsonReader::Value& value) {
  switch (field) {
    case EnvelopeField::id:
      return read_text(value, envelope_.id);
    case EnvelopeField::type:
      return read_text(value, envelope_.type);
    case EnvelopeField::time:
      return read_time(value);
    case EnvelopeField::aggregate_id:
      return read_text(value, envelope_.aggregate_id);
    case EnvelopeField::version:
      return read_version(value);
    case EnvelopeField::correlation_id:
      return read_text(value, envelope_.correlation_id);
    case EnvelopeField::causation_id:
      return read_text(value, envelope_.causation_id);
    case EnvelopeField::data:
      return read_data(value);
    case EnvelopeField::metadata:
      return read_metadata(value);
    case EnvelopeField::trace_context:
      return read_trace_context(value);
  }
  return true;
}

// An empty text says nothing: what came with the record's headers stays.
bool EventReader::read_text(JsonReader::Value& value, std::string& out) {
  const auto token = std::string_view{value.raw_json_token()};
  if (token.starts_with("\"\"")) return true;
  return json_.read_string(value, out);
}

bool EventReader::read_time(JsonReader::Value& value) {
  Instant instant;
  if (!json_.read_instant(value, instant)) return false;
  envelope_.time = Time{std::chrono::seconds{instant.seconds}} + Duration{instant.nanos / 1000};
  return true;
}

// `1`, `1.0`, `"1"` and `"1.0"` are 1, and so is the 0 that the article's Java writes.
bool EventReader::read_version(JsonReader::Value& value) {
  std::int64_t number = 0;
  if (value.get_int64().get(number) != simdjson::SUCCESS) {
    std::string text;
    const std::string_view token = value.raw_json_token();
    const bool is_text = token.starts_with('"');
    if (is_text ? !json_.read_string(value, text) : !json_.read_raw(value, text)) return false;
    const auto decimal = parse_decimal(text, 0);
    if (!decimal || !decimal->exact) return json_.fail("expected integer, found " + shown(text));
    const Int128 fits = std::numeric_limits<int>::max();
    number = decimal->scaled > fits || decimal->scaled < 0 ? -1 : static_cast<std::int64_t>(decimal->scaled);
  }
  if (number < 0 || number > std::numeric_limits<int>::max()) return json_.fail("expected a version from 1 on");
  envelope_.version = number == 0 ? 1 : static_cast<int>(number);
  return true;
}

bool EventReader::read_data(JsonReader::Value& value) {
  if (!target_.type) return true;
  const char* begin = value.raw_json_token().data();
  if (!json_.read(*target_.type, value, target_.data)) return false;
  const char* next = nullptr;  // the comma or the brace behind it; without one the body ends too early, and fails
  if (value.current_location().get(next) != simdjson::SUCCESS) return true;
  std::string_view text{begin, next};
  text.remove_suffix(text.size() - 1 - text.find_last_not_of(" \t\r\n"));
  notes_.data = text;
  return true;
}

bool EventReader::read_metadata(JsonReader::Value& value) {
  return json_.each_field(value, [&](ondemand::field& field) {
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return json_.fail_as(error);
    if (json_.take_null(field.value())) return true;
    const std::string name{key};
    const std::string_view token = field.value().raw_json_token();
    std::string& text = envelope_.metadata[name];
    return token.starts_with('"') ? json_.read_string(field.value(), text) : json_.read_raw(field.value(), text);
  });
}

// The article's tracing puts the W3C headers into the body. Whatever else stands there is nobody's loss.
bool EventReader::read_trace_context(JsonReader::Value& value) {
  if (!std::string_view{value.raw_json_token()}.starts_with('{')) return true;
  return json_.each_field(value, [&](ondemand::field& field) {
    const RawKey key = json_.raw_key(field);
    std::string_view text;
    if (key.is("traceparent") && field.value().get_string().get(text) == simdjson::SUCCESS) notes_.traceparent = text;
    if (key.is("tracestate") && field.value().get_string().get(text) == simdjson::SUCCESS) notes_.tracestate = text;
    return true;
  });
}

}  // namespace tidings
