#include "tidings/uuid.hpp"

#include <initializer_list>

#include "tidings/digest.hpp"
#include "tidings/type_name.hpp"

namespace tidings {

namespace {

constexpr std::uint64_t kVersion7 = 0x7000;
constexpr std::uint64_t kVersion8 = 0x8000;
constexpr std::uint64_t kVersionMask = 0xf000;
constexpr std::uint64_t kVariant = std::uint64_t{1} << 63;  // the two bits `10`
constexpr std::uint64_t kBelowVariant = ~std::uint64_t{0} >> 2;

std::string uuid_text(std::uint64_t high, std::uint64_t low) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(36, '-');
  char* at = text.data();
  for (const std::size_t bytes : {4, 2, 2, 2, 6}) {
    for (std::size_t i = 0; i < bytes; ++i) {
      *at++ = digits[high >> 60];
      *at++ = digits[high >> 56 & 15];
      high = high << 8 | low >> 56;
      low <<= 8;
    }
    ++at;
  }
  return text;
}

// A part that is absent differs from an empty one.
void append_part(std::string& to, std::optional<std::string_view> part) {
  const std::uint32_t length = part ? static_cast<std::uint32_t>(part->size()) : 0xffffffff;
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(length >> shift & 0xff);
  if (part) to += *part;
}

std::string hashed_id(std::initializer_list<std::optional<std::string_view>> parts) {
  std::string text;
  for (const auto& part : parts) append_part(text, part);
  const Digest digest = sha256(text);
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    high = high << 8 | digest[i];
    low = low << 8 | digest[8 + i];
  }
  return uuid_text((high & ~kVersionMask) | kVersion8, (low & kBelowVariant) | kVariant);
}

}  // namespace

// Milliseconds since 1970 and 4096ths of one, with the version between them; then chance.
std::string new_id(Executor& executor) {
  const auto moment = static_cast<std::uint64_t>(executor.next_moment().time_since_epoch().count());
  return uuid_text((moment >> 12) << 16 | kVersion7 | (moment & 0xfff), (executor.random() & kBelowVariant) | kVariant);
}

std::string derived_id(const DerivedFrom& from) {
  const std::string type = dotted_type(from.type);
  const std::string ordinal = std::to_string(from.ordinal);
  return hashed_id({"derived", from.event_id, from.subscription, type, from.key, ordinal,
                    from.replay.empty() ? std::string_view{"0"} : from.replay});
}

std::string position_id(std::string_view topic, std::int32_t partition, std::int64_t offset) {
  return hashed_id({"position", topic, std::to_string(partition), std::to_string(offset)});
}

}  // namespace tidings
