#include "service/records/decoder.hpp"

#include "tidings/raw_json.hpp"
#include "transport/event_record.hpp"

namespace tidings::service {

namespace {

// FNV-1a, 64 bits. It is stored with inbox marks: never change it. It tells apart by mistake, not by malice.
std::uint64_t digest_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return hash;
}

std::shared_ptr<void> make_data(const HandlerPlan& handler) {
  if (handler.type) return handler.type->make_data();
  return std::make_shared<RawJson>();
}

}  // namespace

Decoder::Decoder(const SubscriptionPlan& plan, const Codecs& codecs, const transport::Capabilities& capabilities)
    : plan_{plan}, reader_{codecs, capabilities} {}

Decoded Decoder::decode(const transport::Delivery& delivery) const {
  Decoded decoded;
  decode(delivery, decoded);
  return decoded;
}

void Decoder::decode(const transport::Delivery& delivery, Decoded& decoded) const {
  start(delivery, decoded);
  decoded.verdict = before(delivery);
  if (decoded.verdict) return;
  if (auto done = read(delivery, decoded); !done) {
    start(delivery, decoded);
    decoded.verdict = pipeline::undecodable(delivery, done.error());
  }
  name(delivery, decoded);
}

// What the record tells of its event, and no more.
void Decoder::start(const transport::Delivery& delivery, Decoded& decoded) {
  transport::read_envelope(delivery.record, decoded.envelope);
  decoded.verdict.reset();
  decoded.handler = nullptr;
  decoded.data.reset();
  decoded.digest = 0;
  decoded.no_id = false;
}

std::optional<pipeline::Verdict> Decoder::before(const transport::Delivery& delivery) const {
  if (auto verdict = pipeline::before_decode(delivery, plan_.rules)) return verdict;
  const std::string_view type = delivery.record.type;
  if (!type.empty() && !pipeline::reads(plan_.spec.pattern, type)) return pipeline::filtered();
  return std::nullopt;
}

// The record mostly says enough to decode in one pass; where the body says otherwise, it wins.
Result<void> Decoder::read(const transport::Delivery& delivery, Decoded& decoded) const {
  const std::string_view type = delivery.record.type;
  if (!delivery.record.body && take_tombstone(delivery, decoded)) return {};
  const HandlerPlan* guess =
      type.empty() || versions_of(plan_, type) > 1 ? nullptr : find_handler(plan_, type, /*version=*/1);
  if (guess) {
    auto done = read_as(*guess, delivery, decoded);
    if (done && find_handler(plan_, decoded.envelope.type, decoded.envelope.version) == guess) return {};
  }
  start(delivery, decoded);
  if (auto seen = reader_.peek(delivery.record, decoded.envelope); !seen) return seen.error();
  const Envelope& envelope = decoded.envelope;
  const HandlerPlan* handler = find_handler(plan_, envelope.type, envelope.version);
  if (!pipeline::reads(plan_.spec.pattern, envelope.type)) {
    decoded.verdict = pipeline::filtered();
  } else if (!handler) {
    decoded.verdict = pipeline::unhandled(delivery, envelope.type, plan_.rules);
  } else {
    return read_as(*handler, delivery, decoded);
  }
  return {};
}

// A record without a body is no event of any type, but a handler of whatever comes can tell what it means. False: there
// is none.
bool Decoder::take_tombstone(const transport::Delivery& delivery, Decoded& decoded) const {
  const std::string_view type = delivery.record.type;
  const HandlerPlan* handler = find_handler(plan_, type, /*version=*/1);
  if (!handler || handler->type) return false;
  if (!pipeline::reads(plan_.spec.pattern, type)) {
    decoded.verdict = pipeline::filtered();
    return true;
  }
  decoded.handler = handler;
  decoded.data = make_data(*handler);
  if (plan_.inbox) decoded.digest = digest_of({});
  return true;
}

Result<void> Decoder::read_as(const HandlerPlan& handler, const transport::Delivery& delivery, Decoded& decoded) const {
  static const Type& raw = describe<RawJson>();
  decoded.handler = &handler;
  decoded.data = make_data(handler);
  auto done =
      reader_.decode(delivery.record, decoded.envelope, handler.type ? handler.type->data : raw, decoded.data.get());
  if (!done) return done.error();
  if (plan_.inbox) decoded.digest = digest_of(done->data);
  return {};
}

// An event without an id is named by where it stands, if that is a name.
void Decoder::name(const transport::Delivery& delivery, Decoded& decoded) const {
  if (!decoded.envelope.id.empty()) return;
  if (!decoded.verdict && plan_.rules.require_id == Unwanted::dead_letter)
    decoded.verdict = pipeline::without_id(delivery);
  decoded.no_id = !reader_.name(delivery, decoded.envelope);
}

}  // namespace tidings::service
