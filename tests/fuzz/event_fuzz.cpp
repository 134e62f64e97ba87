#include <string>

#include "event/sample_events.hpp"
#include "tests/fuzz/targets.hpp"

namespace tidings::fuzz {
namespace {

struct Event {
  Envelope envelope;
  sample::Everything data;
};

constexpr CodecLimits kLimits{.body_bytes_max = 4'096, .depth_max = 16};

Result<DecodeNotes> decode(const Codec& codec, Profile profile, std::string_view body, Event& event) {
  return codec.decode(profile, body, event.envelope, describe<sample::Everything>(), &event.data);
}

// What was read is written, and what was written is read as the same.
void check_round_trip(const Codec& codec, Profile profile, const Event& event) {
  std::string written;
  if (!codec.encode(profile, event.envelope, describe<sample::Everything>(), &event.data, written)) return;
  Event again;
  hold(decode(codec, profile, written, again), "what was encoded is decoded");
  hold(again.envelope == event.envelope, "the envelope comes back as it was");
  hold(again.data == event.data, "the data come back as they were");
  std::string twice;
  hold(codec.encode(profile, again.envelope, describe<sample::Everything>(), &again.data, twice),
       "what was decoded from our own bytes is encoded");
  hold(twice == written, "the same event has the same bytes");
}

}  // namespace

void event(std::string_view input) {
  static const auto codec = json_codec(kLimits);
  static const auto roomy = json_codec();
  for (const Profile profile : {Profile::kafka, Profile::rabbitmq}) {
    Event read;
    const auto outcome = decode(*codec, profile, input, read);
    if (outcome) {
      hold(input.size() <= kLimits.body_bytes_max, "a body that is too large is refused");
      Envelope peeked;
      hold(codec->peek(profile, input, peeked), "what is decoded can be peeked at");
      hold(peeked == read.envelope, "peek and decode read one envelope");
      check_round_trip(*roomy, profile, read);
    } else {
      hold(!outcome.error().message.empty(), "a refusal says why");
    }
  }
}

}  // namespace tidings::fuzz
