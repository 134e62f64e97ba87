#include "operate/line_event.hpp"

#include <boost/describe.hpp>

#include "tidings/json.hpp"
#include "tidings/uuid.hpp"
#include "transport/event_record.hpp"

namespace tidings::operate {

namespace {

// What tells the two forms of a line apart, and all of the short one.
struct Line {
  std::optional<std::string> type;
  std::optional<std::string> key;
  RawJson data;
  RawJson event_type;
  RawJson event_id;
};
BOOST_DESCRIBE_STRUCT(Line, (), (type, key, data, event_type, event_id))

// No handler could decode null.
bool is_missing(const RawJson& data) {
  return data.text.empty() || data.text.starts_with('n');
}

bool is_envelope(const Line& line) {
  return !line.event_type.text.empty() || !line.event_id.text.empty();
}

}  // namespace

LineReader::LineReader(Topic topic, LineDefaults defaults, Profile profile, Executor& executor)
    : topic_{std::move(topic)},
      defaults_{std::move(defaults)},
      profile_{profile},
      executor_{executor},
      codec_{json_codec()} {}

Result<transport::Record> LineReader::from_line(std::string_view text, Time now) const {
  auto line = from_json<Line>(text);
  if (!line) return line.error();
  Envelope envelope{.type = defaults_.type};
  if (!is_envelope(*line)) {
    if (line->type) envelope.type = *line->type;
    if (line->key) envelope.aggregate_id = *line->key;
    return record_of(std::move(envelope), line->data, now);
  }
  RawJson data;
  const auto decoded = codec_->decode(profile_, text, envelope, describe<RawJson>(), &data);
  if (!decoded) return decoded.error();
  return record_of(std::move(envelope), data, now);
}

Result<transport::Record> LineReader::from_data(std::string_view data, Time now) const {
  auto value = from_json<RawJson>(data);
  if (!value) return value.error();
  return record_of({.type = defaults_.type}, *value, now);
}

Result<transport::Record> LineReader::record_of(Envelope envelope, const RawJson& data, Time now) const {
  if (envelope.type.empty()) return invalid("the event has no type; give it one, or name one for all by --type");
  if (is_missing(data)) return invalid("data: missing");
  if (envelope.aggregate_id.empty() && defaults_.key) envelope.aggregate_id = defaults_.key->str();
  if (envelope.id.empty()) envelope.id = new_id(executor_);
  if (envelope.correlation_id.empty()) envelope.correlation_id = envelope.id;
  if (envelope.time == Time{}) envelope.time = now;
  const std::string topic = topic_.str();
  return transport::to_record(
      {.topic = topic, .envelope = envelope, .key = {}, .type = describe<RawJson>(), .data = &data}, *codec_, profile_);
}

}  // namespace tidings::operate
