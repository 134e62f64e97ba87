#include "event/json_writer.hpp"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "event/base64.hpp"
#include "event/json_check.hpp"
#include "event/time_write.hpp"
#include "tidings/money.hpp"
#include "tidings/raw_json.hpp"

namespace tidings {

namespace {

constexpr std::size_t kNumberTextMax = 32;  // of any integer or shortest double

template <class T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}

constexpr std::uint64_t repeated(std::uint8_t byte) {
  return 0x0101010101010101u * byte;
}

// Whether one of eight characters is a quote, a backslash, a control character or not ASCII.
bool any_special(std::uint64_t text) {
  const std::uint64_t quote = (text ^ repeated('"')) - repeated(1);
  const std::uint64_t backslash = (text ^ repeated('\\')) - repeated(1);
  const std::uint64_t control = text - repeated(0x20);
  // Exact where no byte has its highest bit, and then a borrow only follows a byte that is special itself.
  return ((quote | backslash | control | text) & repeated(0x80)) != 0;
}

bool is_plain(std::string_view text) {
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t eight = 0;
  for (; left >= 8; left -= 8, at += 8) {
    std::memcpy(&eight, at, 8);
    if (any_special(eight)) return false;
  }
  eight = repeated(' ');
  std::memcpy(&eight, at, left);
  return !any_special(eight);
}

// Whether a member is left out: it says nothing, and reading nothing gives the same.
bool is_left_out(const Member& member, const void* value, const void* default_value) {
  if (member.type->kind == Kind::optional) {
    return !member.type->optional.get(value) && !member.type->optional.get(default_value);
  }
  if (member.type->kind == Kind::raw_json) {
    return as<RawJson>(value).text.empty() && as<RawJson>(default_value).text.empty();
  }
  return false;
}

const void* at_offset(const void* base, std::size_t offset) {
  return static_cast<const char*>(base) + offset;
}

}  // namespace

bool JsonWriter::enter(char opening) {
  if (depth_ == depth_max_) {
    return failure_.set(ErrorKind::invalid, "more than " + std::to_string(depth_max_) + " levels deep");
  }
  ++depth_;
  out_.put(opening);
  return true;
}

void JsonWriter::leave(char closing) {
  --depth_;
  out_.put(closing);
}

void JsonWriter::write_name(std::string_view name, std::size_t object_begin) {
  char* to = out_.room(name.size() + 4);
  if (out_.size() != object_begin) *to++ = ',';
  *to++ = '"';
  std::memcpy(to, name.data(), name.size());
  to += name.size();
  *to++ = '"';
  *to++ = ':';
  out_.advance_to(to);
}

void JsonWriter::write_integer(std::int64_t number) {
  char* const to = out_.room(kNumberTextMax);
  out_.advance_to(std::to_chars(to, to + kNumberTextMax, number).ptr);
}

void JsonWriter::write_unsigned(std::uint64_t number) {
  char* const to = out_.room(kNumberTextMax);
  out_.advance_to(std::to_chars(to, to + kNumberTextMax, number).ptr);
}

template <class Real>
bool JsonWriter::write_real(Real number) {
  if (!std::isfinite(number)) {
    return failure_.set(ErrorKind::invalid, "NaN and infinity have no JSON number; use a std::optional for no value");
  }
  char* const to = out_.room(kNumberTextMax);
  out_.advance_to(std::to_chars(to, to + kNumberTextMax, number).ptr);
  return true;
}

void JsonWriter::write_any_integer(const Type& type, const void* value) {
  switch (type.width) {
    case 1:
      return type.is_signed ? write_integer(as<std::int8_t>(value)) : write_unsigned(as<std::uint8_t>(value));
    case 2:
      return type.is_signed ? write_integer(as<std::int16_t>(value)) : write_unsigned(as<std::uint16_t>(value));
    case 4:
      return type.is_signed ? write_integer(as<std::int32_t>(value)) : write_unsigned(as<std::uint32_t>(value));
    default:
      return type.is_signed ? write_integer(as<std::int64_t>(value)) : write_unsigned(as<std::uint64_t>(value));
  }
}

bool JsonWriter::write_string(std::string_view text) {
  if (!is_plain(text)) return write_escaped(text);
  char* to = out_.room(text.size() + 2);
  *to++ = '"';
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  to += text.size();
  *to++ = '"';
  out_.advance_to(to);
  return true;
}

bool JsonWriter::write_escaped(std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return failure_.set(ErrorKind::invalid, "text is not UTF-8; use tidings::Bytes for binary data");
  }
  constexpr std::string_view hex = "0123456789abcdef";
  constexpr std::string_view with_letter = "\"\\\b\f\n\r\t";
  constexpr std::string_view letters = "\"\\bfnrt";
  constexpr std::size_t escape_size = 6;
  out_.put('"');
  for (const char c : text) {
    char* to = out_.room(escape_size);
    const std::size_t letter = with_letter.find(c);
    if (letter != with_letter.npos) {
      *to++ = '\\';
      *to++ = letters[letter];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      for (const char u : std::string_view{"\\u00"}) *to++ = u;
      *to++ = hex[static_cast<unsigned char>(c) >> 4];
      *to++ = hex[static_cast<unsigned char>(c) & 15];
    } else {
      *to++ = c;
    }
    out_.advance_to(to);
  }
  out_.put('"');
  return true;
}

void JsonWriter::write_bytes(std::string_view bytes) {
  char* to = out_.room(base64_size(bytes.size()) + 2);
  *to++ = '"';
  to = put_base64(to, bytes);
  *to++ = '"';
  out_.advance_to(to);
}

bool JsonWriter::write_raw(std::string_view json) {
  if (json.empty()) return out_.put("null"), true;
  if (!is_json(json, depth_max_ - depth_) || !simdjson::validate_utf8(json.data(), json.size())) {
    return failure_.set(ErrorKind::invalid, "raw text is not JSON, or too deep");
  }
  out_.put(json);
  return true;
}

bool JsonWriter::write_time(Instant time) {
  if (time.seconds < kTimeSecondsMin || time.seconds > kTimeSecondsMax) {
    return failure_.set(ErrorKind::invalid, "a time outside of the years 0000 to 9999");
  }
  char* const to = out_.room(kTimeTextMax + 2);
  *to = '"';
  char* const end = put_time(to + 1, time);
  *end = '"';
  out_.advance_to(end + 1);
  return true;
}

bool JsonWriter::write_clock(const Type& type, const void* value) {
  const Instant instant = type.clock.get(value);
  if (type.kind == Kind::time && !type.is_date) return write_time(instant);
  if (type.kind == Kind::time && (instant.seconds < kTimeSecondsMin || instant.seconds > kTimeSecondsMax)) {
    return write_time(instant);  // which says why not
  }
  char* const to = out_.room(kTimeTextMax + 2);
  *to = '"';
  char* const end = type.is_date ? put_date(to + 1, instant) : put_duration(to + 1, instant);
  *end = '"';
  out_.advance_to(end + 1);
  return true;
}

bool JsonWriter::write_enum(const Type& type, const void* value) {
  const std::int64_t number = type.enumeration.get(value);
  for (const EnumValue& known : type.enumeration.values) {
    if (known.value == number) return write_string(known.name);
  }
  return failure_.set(ErrorKind::invalid,
                      std::to_string(number) + " is no described value of " + std::string{type.name});
}

bool JsonWriter::write_optional(const Type& type, const void* value) {
  const void* const held = type.optional.get(value);
  if (held) return write(*type.element, held);
  out_.put("null");
  return true;
}

bool JsonWriter::write_object(const Type& type, const void* value) {
  const Object& object = type.object();
  if (!enter('{')) return false;
  const std::size_t begin = out_.size();
  for (const Member& member : object.members) {
    const void* const field = at_offset(value, member.offset);
    if (is_left_out(member, field, at_offset(object.defaults, member.offset))) continue;
    write_name(member.name(profile_), begin);
    if (!write(*member.type, field)) return failure_.in_member(member.name(profile_));
  }
  leave('}');
  return true;
}

bool JsonWriter::write_list(const Type& type, const void* value) {
  const bool is_array = type.kind == Kind::array;
  const std::size_t count = is_array ? type.count : type.list.size(value);
  if (!enter('[')) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out_.put(',');
    const void* const element = is_array ? at_offset(value, i * type.element->size) : type.list.at(value, i);
    if (!write(*type.element, element)) return failure_.in_element(i);
  }
  leave(']');
  return true;
}

bool JsonWriter::write_map(const Type& type, const void* value) {
  if (!enter('{')) return false;
  struct Walk {
    JsonWriter& writer;
    const Type& element;
    bool first = true;
  } walk{*this, *type.element};
  const bool done = type.map.each(value, &walk, [](void* context, const std::string& key, const void* element) {
    Walk& self = *static_cast<Walk*>(context);
    if (!self.first) self.writer.out_.put(',');
    self.first = false;
    if (!self.writer.write_string(key)) return self.writer.failure_.in_member("(a key)");
    self.writer.out_.put(':');
    return self.writer.write(self.element, element) || self.writer.failure_.in_member(key);
  });
  if (done) leave('}');
  return done;
}

bool JsonWriter::write_variant(const Type& type, const void* value) {
  const std::size_t index = type.variant.index(value);
  if (index >= type.variant.alternatives.size()) {
    return failure_.set(ErrorKind::invalid, "a std::variant that lost its value in an exception");
  }
  const Type& held = *type.variant.alternatives[index];
  if (held.kind == Kind::none) return out_.put("null"), true;
  if (!enter('{')) return false;
  if (!write_string(held.name)) return false;
  out_.put(':');
  if (!write(held, type.variant.get(value))) return failure_.in_member(held.name);
  leave('}');
  return true;
}

bool JsonWriter::write(const Type& type, const void* value) {
  switch (type.kind) {
    case Kind::boolean:
      return out_.put(as<bool>(value) ? std::string_view{"true"} : std::string_view{"false"}), true;
    case Kind::integer:
      return write_any_integer(type, value), true;
    case Kind::floating:
      return type.width == sizeof(float) ? write_real(as<float>(value)) : write_real(as<double>(value));
    case Kind::string:
      return write_string(as<std::string>(value));
    case Kind::enumeration:
      return write_enum(type, value);
    case Kind::optional:
      return write_optional(type, value);
    case Kind::list:
    case Kind::array:
      return write_list(type, value);
    case Kind::map:
      return write_map(type, value);
    case Kind::object:
      return write_object(type, value);
    case Kind::variant:
      return write_variant(type, value);
    case Kind::time:
    case Kind::duration:
      return write_clock(type, value);
    case Kind::money:
      return out_.put(as<Money>(value).text()), true;
    case Kind::raw_json:
      return write_raw(as<RawJson>(value).text);
    case Kind::bytes:
      return write_bytes(as<Bytes>(value).data), true;
    case Kind::none:
      return out_.put("null"), true;
  }
  return failure_.set(ErrorKind::invalid, "unknown kind");
}

}  // namespace tidings
