#include "operate/tail.hpp"

#include <fmt/format.h>

#include "operate/rows.hpp"
#include "operate/topology.hpp"
#include "tidings/type_name.hpp"
#include "transport/event_record.hpp"

namespace tidings::operate {

namespace {

using transport::History;
using transport::HistoryEntry;
using transport::RecordView;
using transport::Transport;

constexpr std::size_t kPage = 1'000;
// So long a request to stop may go unseen.
constexpr Duration kStopSeenWithin = std::chrono::milliseconds{200};

struct UndecodableRow {
  std::string topic;
  std::int32_t partition = -1;
  std::int64_t position = -1;
  Time published;
  std::string event_id;
  std::string event_type;
  std::string correlation_id;
  std::optional<std::string> key;
  std::optional<Bytes> key_base64;
  std::vector<HeaderRow> headers;
  std::optional<std::string> body;
  std::optional<Bytes> body_base64;
  std::string error;
  ErrorKind kind = ErrorKind::corrupt;
};
BOOST_DESCRIBE_STRUCT(UndecodableRow, (),
                      (topic, partition, position, published, event_id, event_type, correlation_id, key, key_base64,
                       headers, body, body_base64, error, kind))

struct PositionRow {
  std::string topic;
  std::int32_t partition = -1;
  std::int64_t position = -1;
};
BOOST_DESCRIBE_STRUCT(PositionRow, (), (topic, partition, position))

const Codecs& codecs() {
  static const Codecs all;
  return all;
}

bool takes(const TailRequest& request, const TailEvent& event) {
  const Envelope& envelope = event.envelope;
  const bool undecodable = event.error.has_value();
  const auto is_other = [undecodable](const std::string& found, auto&& same) {
    return undecodable ? !found.empty() && !same(found) : !same(found);
  };
  if (!request.type.empty() &&
      is_other(envelope.type, [&](const std::string& type) { return same_type(type, request.type); })) {
    return false;
  }
  return request.correlation_id.empty() ||
         !is_other(envelope.correlation_id, [&](const std::string& id) { return id == request.correlation_id; });
}

std::string undecodable_json(const TailEvent& event) {
  const transport::Record record = transport::to_record(event.entry.record);
  const ForeignText key = foreign_text(record.key);
  const ForeignText body = foreign_text(record.body);
  return json_line(UndecodableRow{.topic = foreign_name(record.topic),
                                  .partition = event.entry.position.partition,
                                  .position = event.entry.position.offset,
                                  .published = event.entry.published,
                                  .event_id = foreign_name(record.id),
                                  .event_type = foreign_name(record.type),
                                  .correlation_id = foreign_name(record.correlation_id),
                                  .key = key.text,
                                  .key_base64 = key.base64,
                                  .headers = header_rows(record.headers),
                                  .body = body.text,
                                  .body_base64 = body.base64,
                                  .error = foreign_name(event.error->message),
                                  .kind = event.error->kind});
}

// One run over a topic.
class Reading final {
 public:
  Reading(const TailRequest& request, const TailPorts& ports, Profile profile)
      : request_{request}, ports_{ports}, profile_{profile} {}

  // False: enough.
  bool see(const HistoryEntry& entry) {
    if (ports_.stop()) return over();
    Decoded decoded = decode_record(entry.record, profile_);
    const TailEvent event{entry, std::move(decoded.envelope), std::move(decoded.data), std::move(decoded.error)};
    if (!takes(request_, event)) return true;
    ++seen_;
    if (!ports_.visit(event) || (request_.limit && seen_ >= *request_.limit)) return over();
    return true;
  }

  bool is_over() const { return over_ || ports_.stop(); }

 private:
  bool over() {
    over_ = true;
    return false;
  }

  const TailRequest& request_;
  const TailPorts& ports_;
  Profile profile_;
  std::uint64_t seen_ = 0;
  bool over_ = false;
};

}  // namespace

Result<void> tail(Transport& transport, Executor& executor, const TailRequest& request, const TailPorts& ports) {
  const auto history = history_of(transport);
  if (!history) return history.error();
  if (auto there = expect_topic(transport, request.topic); !there) return there;
  if (request.limit == std::uint64_t{0}) return {};
  transport::HistoryRange range{.topic = request.topic.str(), .from = request.from, .to = {}, .key = {}};
  if (request.key) range.key = request.key->str();
  // Without `follow` the reading ends, however fast others publish.
  if (request.follow == Follow::no) range.to = executor.now() + Duration{1};
  Reading reading{request, ports, transport.capabilities().profile};
  transport::Cursor after;
  while (!reading.is_over()) {
    std::size_t visited = 0;
    const auto next = (*history)->read(range, after, kPage, [&](const HistoryEntry& entry) {
      ++visited;
      return reading.see(entry);
    });
    if (!next) return next.error();
    after = *next;
    if (visited > 0) continue;
    if (request.follow == Follow::no) return {};
    if (auto waited = (*history)->wait(range.topic, after, executor.now() + kStopSeenWithin); !waited) return waited;
  }
  return {};
}

Decoded decode_record(const RecordView& record, Profile profile) {
  Decoded decoded{.envelope = transport::envelope_of(record), .data = {}, .error = {}};
  Envelope& envelope = decoded.envelope;
  const Codec* codec = codecs().find(record.content_type);
  if (codec == nullptr) {
    decoded.error = unsupported(fmt::format("the content type '{}' is not known", record.content_type));
  } else if (!record.body) {
    decoded.error = invalid("the event has no body");
  } else if (const auto done = codec->decode(profile, *record.body, envelope, describe<RawJson>(), &decoded.data);
             !done) {
    decoded.error = done.error();
  }
  if (decoded.error) decoded.data = {};
  return decoded;
}

std::string json_of(const TailEvent& event) {
  if (event.error) return undecodable_json(event);
  std::string body;
  const auto written =
      codecs().standard().encode(Profile::kafka, event.envelope, describe<RawJson>(), &event.data, body);
  if (!written) {
    return undecodable_json({event.entry, event.envelope, event.data, written.error()});
  }
  const std::string where = json_line(PositionRow{.topic = foreign_name(event.entry.record.topic),
                                                  .partition = event.entry.position.partition,
                                                  .position = event.entry.position.offset});
  return with_members(one_line_json(std::move(body)), std::string_view{where}.substr(1, where.size() - 2));
}

}  // namespace tidings::operate
