// Random events come back as they were, in both profiles, read by either.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "event/sample_events.hpp"
#include "tidings/executor.hpp"

namespace tidings {
namespace {

using sample::Everything;

class Values {
 public:
  explicit Values(std::uint64_t seed) : random_{seed} {}

  std::uint64_t bits() { return random_(); }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool flip() { return (random_() & 1) != 0; }

  // Any bits of any magnitude: most random bits alone would be huge.
  template <class T>
  T integer() {
    return static_cast<T>(static_cast<std::int64_t>(bits()) >> below(64));
  }

  template <class Real, class Bits>
  Real real() {
    Real number = std::bit_cast<Real>(static_cast<Bits>(bits()));
    while (!std::isfinite(number)) number = std::bit_cast<Real>(static_cast<Bits>(bits()));
    return flip() ? number : static_cast<Real>(integer<int>()) / 100;
  }

  std::string text() {
    static constexpr const char* parts[] = {"a",    "Z",  "7",    " ",      "\"", "\\", "/",
                                            "\n",   "\t", "\x1f", "ü",      "€",  "漢", "\xF0\x9F\x92\xBF",
                                            "null", "{",  "]",    "eventId"};
    std::string text;
    for (std::uint64_t i = below(12); i-- > 0;) text += parts[below(std::size(parts))];
    if (below(8) == 0) text += '\0';
    return text;
  }

  std::string bytes() {
    std::string bytes;
    for (std::uint64_t i = below(20); i-- > 0;) bytes += static_cast<char>(bits());
    return bytes;
  }

  Time time() { return Time{std::chrono::microseconds{integer<std::int64_t>() / 256}}; }

 private:
  std::mt19937_64 random_;
};

sample::Category category(Values& values, int depth) {
  sample::Category made{values.text(), {}};
  for (auto i = depth > 3 ? 0 : values.below(3); i-- > 0;) made.children.push_back(category(values, depth + 1));
  return made;
}

void fill_containers(Values& values, Everything& made) {
  for (auto i = values.below(4); i-- > 0;) made.tags.push_back(values.text());
  for (auto i = values.below(10); i-- > 0;) made.flags.push_back(values.flip());
  for (int& side : made.dimensions) side = values.integer<int>();
  for (auto i = values.below(4); i-- > 0;) made.scores[values.text()] = values.real<double, std::uint64_t>();
  for (auto i = values.below(4); i-- > 0;) {
    made.limits[values.text()] = values.flip() ? std::optional{values.integer<int>()} : std::nullopt;
  }
  made.category = category(values, 0);
  switch (values.below(4)) {
    case 1:
      made.payment = sample::Card{values.text()};
      break;
    case 2:
      made.payment = sample::Invoice{std::chrono::days{values.integer<int>()}};
      break;
    case 3:
      made.payment = values.text();
      break;
    default:
      break;
  }
}

Everything everything(Values& values) {
  Everything made;
  static_cast<sample::Integers&>(made) = {values.integer<std::int8_t>(),   values.integer<std::int16_t>(),
                                          values.integer<std::int32_t>(),  values.integer<std::int64_t>(),
                                          values.integer<std::uint8_t>(),  values.integer<std::uint16_t>(),
                                          values.integer<std::uint32_t>(), values.integer<std::uint64_t>()};
  made.is_gift = values.flip();
  made.small_number = values.real<float, std::uint32_t>();
  made.big_number = values.real<double, std::uint64_t>();
  made.note = values.text();
  made.channel = static_cast<sample::Channel>(values.flip() ? 7 : values.below(2));
  if (values.flip()) made.coupon_code = values.text();
  made.priority = values.flip() ? std::nullopt : std::optional{values.integer<int>()};
  fill_containers(values, made);
  made.placed_at = values.time();
  made.measured_at =
      std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds{values.integer<std::int64_t>()}};
  made.delivery_day = std::chrono::sys_days{std::chrono::days{values.integer<std::int16_t>()}};
  made.delay = std::chrono::milliseconds{values.integer<std::int64_t>()};
  made.window = std::chrono::hours{values.integer<int>()};
  made.discount = Money{values.integer<std::int64_t>()};
  if (values.flip()) made.extra.text = "[" + std::to_string(values.integer<int>()) + "]";
  made.photo = {values.bytes()};
  return made;
}

Envelope envelope(Values& values) {
  Envelope made{.id = values.text(),
                .type = values.text(),
                .time = values.time(),
                .aggregate_id = values.text(),
                .version = 1 + static_cast<int>(values.below(1'000)),
                .correlation_id = values.text(),
                .causation_id = values.text(),
                .metadata = {}};
  for (auto i = values.below(3); i-- > 0;) made.metadata[values.text()] = values.text();
  return made;
}

// A10
TEST(RoundTrip, GivesBackRandomEvents) {
  const std::uint64_t seed = thread_executor()->random();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Values values{seed};
  const auto codec = json_codec();
  std::string body;
  for (int i = 0; i < 2'000 && !testing::Test::HasFailure(); ++i) {
    const Profile writer = values.flip() ? Profile::kafka : Profile::rabbitmq;
    const Profile reader = values.flip() ? Profile::kafka : Profile::rabbitmq;
    const Envelope sent_envelope = envelope(values);
    const Everything sent = everything(values);
    const auto encoded = codec->encode(writer, sent_envelope, describe<Everything>(), &sent, body);
    ASSERT_TRUE(encoded) << encoded.error().message;
    Envelope read_envelope;
    Everything read;
    const auto notes = codec->decode(reader, body, read_envelope, describe<Everything>(), &read);
    ASSERT_TRUE(notes) << notes.error().message << "\n" << body;
    EXPECT_EQ(read_envelope, sent_envelope) << body;
    EXPECT_EQ(read, sent) << body;
  }
}

// No bytes make the decoder do anything but answer: a valid body with some bytes changed, cut or doubled.
TEST(RoundTrip, SurvivesDamagedBodies) {
  const std::uint64_t seed = thread_executor()->random();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Values values{seed};
  const auto codec = json_codec();
  std::string body;
  const Everything sent = sample::everything();
  ASSERT_TRUE(codec->encode(Profile::kafka, sample::envelope(), describe<Everything>(), &sent, body));
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = body;
    for (auto k = 1 + values.below(3); k-- > 0;) {
      const auto at = values.below(damaged.size());
      switch (values.below(4)) {
        case 0:
          damaged[at] = static_cast<char>(values.bits());
          break;
        case 1:
          damaged[at] = "{}[]\",:0-e\\n"[values.below(12)];
          break;
        case 2:
          damaged.erase(at, values.below(20));
          break;
        default:
          damaged.insert(at, damaged.substr(values.below(damaged.size()), values.below(20)));
          break;
      }
      if (damaged.empty()) damaged = " ";
    }
    Envelope read_envelope;
    Everything read;
    const auto notes = codec->decode(Profile::kafka, damaged, read_envelope, describe<Everything>(), &read);
    refused += notes ? 0 : 1;
    // What was accepted can be written again.
    if (notes) {
      std::string again;
      const auto encoded = codec->encode(Profile::kafka, read_envelope, describe<Everything>(), &read, again);
      EXPECT_TRUE(encoded) << encoded.error().message << "\n" << damaged;
    }
  }
  EXPECT_GT(refused, 1'000);
}

}  // namespace
}  // namespace tidings
