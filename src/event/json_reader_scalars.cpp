// The part of JsonReader that reads single values.
#include <charconv>
#include <cstdint>
#include <limits>

#include "event/base64.hpp"
#include "event/decimal.hpp"
#include "event/json_check.hpp"
#include "event/json_reader.hpp"
#include "tidings/money.hpp"
#include "tidings/raw_json.hpp"

namespace tidings {

namespace {

namespace ondemand = simdjson::ondemand;

std::string_view trimmed(std::string_view token) {
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  return token.substr(0, last == token.npos ? 0 : last + 1);
}

// A number, word or string as it stands in the document.
std::string_view token_of(ondemand::value& value) {
  return trimmed(value.raw_json_token());
}

// A new string costs less than one that grows.
void assign(std::string& out, std::string_view text) {
  if (text.size() <= out.capacity()) {
    out.assign(text);
  } else {
    out = std::string{text};
  }
}

// Of an array or object, which it passes.
template <class Container>
simdjson::error_code whole_text(simdjson::simdjson_result<Container> found, std::string_view& text) {
  Container container;
  if (const auto error = std::move(found).get(container)) return error;
  return container.raw_json().get(text);
}

bool looks_like_number(std::string_view token) {
  return !token.empty() && (token.front() == '-' || (token.front() >= '0' && token.front() <= '9'));
}

template <class T>
bool store(Int128 number, void* out) {
  if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) return false;
  *static_cast<T*>(out) = static_cast<T>(number);
  return true;
}

// False: it does not fit.
bool store_integer(const Type& type, Int128 number, void* out) {
  switch (type.width) {
    case 1:
      return type.is_signed ? store<std::int8_t>(number, out) : store<std::uint8_t>(number, out);
    case 2:
      return type.is_signed ? store<std::int16_t>(number, out) : store<std::uint16_t>(number, out);
    case 4:
      return type.is_signed ? store<std::int32_t>(number, out) : store<std::uint32_t>(number, out);
    default:
      return type.is_signed ? store<std::int64_t>(number, out) : store<std::uint64_t>(number, out);
  }
}

template <class Real>
bool store_real(std::string_view token, void* out) {
  Real number = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (error != std::errc{} || end != token.data() + token.size()) return false;
  *static_cast<Real*>(out) = number;
  return true;
}

std::string names_of(std::span<const EnumValue> values) {
  std::string names;
  for (const EnumValue& value : values) names.append(names.empty() ? "" : ", ").append(value.name);
  return names;
}

}  // namespace

bool JsonReader::fail_as(simdjson::error_code error) {
  return failure_.set(ErrorKind::corrupt, std::string{"not JSON: "} + simdjson::error_message(error));
}

bool JsonReader::fail_kind(std::string_view expected, Value& value) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return fail_as(error);
  std::string reason = "expected " + std::string{expected} + ", found ";
  switch (type) {
    case ondemand::json_type::array:
      return fail(reason + "array");
    case ondemand::json_type::object:
      return fail(reason + "object");
    case ondemand::json_type::string:
      return fail(reason + "string");
    case ondemand::json_type::number:
      return fail(reason + (expected == "number" ? shown(token_of(value)) : "number"));
    case ondemand::json_type::boolean:
      return fail(reason + "boolean");
    case ondemand::json_type::null:
      return fail(reason + "null");
  }
  return fail_as(simdjson::TAPE_ERROR);
}

bool JsonReader::read_string(Value& value, std::string& out) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) {
    return error == simdjson::STRING_ERROR ? fail_as(error) : fail_kind("string", value);
  }
  assign(out, text);
  return true;
}

bool JsonReader::read_instant(Value& value, Instant& out) {
  std::string_view text = token_of(value);
  if (!looks_like_number(text) && value.get_string().get(text) != simdjson::SUCCESS) return fail_kind("time", value);
  const auto instant = parse_time(text);
  if (!instant) return fail(instant.error().message);
  out = *instant;
  return true;
}

bool JsonReader::read_raw(Value& value, std::string& out) {
  std::string_view text = token_of(value);
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return fail_as(error);
  if (type == ondemand::json_type::array) {
    if (const auto error = whole_text(value.get_array(), text)) return fail_as(error);
  } else if (type == ondemand::json_type::object) {
    if (const auto error = whole_text(value.get_object(), text)) return fail_as(error);
  }
  text = trimmed(text);
  if (!is_json(text, depth_max_ - depth_)) {
    return failure_.set(ErrorKind::corrupt, "not JSON, or more than " + std::to_string(depth_max_) + " levels deep");
  }
  out.assign(text);
  return true;
}

bool JsonReader::read_boolean(Value& value, void* out) {
  if (value.get_bool().get(*static_cast<bool*>(out)) != simdjson::SUCCESS) return fail_kind("boolean", value);
  return true;
}

bool JsonReader::read_integer(const Type& type, Value& value, void* out) {
  std::int64_t number = 0;
  if (value.get_int64().get(number) != simdjson::SUCCESS) return read_odd_integer(type, value, out);
  if (store_integer(type, number, out)) return true;
  return fail(std::to_string(number) + " does not fit in " + std::string{type.name});
}

// `3.0`, `1e3`, or beyond 63 bits.
bool JsonReader::read_odd_integer(const Type& type, Value& value, void* out) {
  const std::string_view token = token_of(value);
  if (!looks_like_number(token)) return fail_kind("integer", value);
  const auto decimal = parse_decimal(token, 0);
  if (decimal && !decimal->exact) return fail("expected integer, found " + shown(token));
  if (decimal && store_integer(type, decimal->scaled, out)) return true;
  return fail(shown(token) + " does not fit in " + std::string{type.name});
}

bool JsonReader::read_real(const Type& type, Value& value, void* out) {
  if (type.width == sizeof(double) && value.get_double().get(*static_cast<double*>(out)) == simdjson::SUCCESS) {
    return true;
  }
  const std::string_view token = token_of(value);
  if (!looks_like_number(token)) return fail_kind("number", value);
  // A float is read as one: by way of a double it could be rounded twice.
  if (type.width == sizeof(float) && is_json(token, 1) && store_real<float>(token, out)) return true;
  return fail(shown(token) + " does not fit in " + std::string{type.name});
}

bool JsonReader::read_money(Value& value, void* out) {
  const std::string_view token = token_of(value);
  if (!looks_like_number(token)) return fail_kind("number", value);
  const auto money = Money::parse(token);
  if (!money) return fail(money.error().message);
  *static_cast<Money*>(out) = *money;
  return true;
}

bool JsonReader::read_enum(const Type& type, Value& value, void* out) {
  std::string_view name;
  if (value.get_string().get(name) != simdjson::SUCCESS) return fail_kind("string", value);
  for (const EnumValue& known : type.enumeration.values) {
    if (known.name == name) return type.enumeration.set(out, known.value), true;
  }
  return fail("expected one of " + names_of(type.enumeration.values) + "; found \"" + shown(name) + '"');
}

bool JsonReader::read_clock(const Type& type, Value& value, void* out) {
  Instant instant;
  if (type.kind == Kind::time) {
    if (!read_instant(value, instant)) return false;
  } else {
    std::string_view text = token_of(value);
    if (!looks_like_number(text) && value.get_string().get(text) != simdjson::SUCCESS) {
      return fail_kind("duration", value);
    }
    const auto length = parse_duration(text);
    if (!length) return fail(length.error().message);
    instant = *length;
  }
  if (type.clock.set(out, instant)) return true;
  return fail("a " + std::string{type.name} + " out of range");
}

bool JsonReader::read_bytes(Value& value, void* out) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return fail_kind("string", value);
  if (read_base64(text, static_cast<Bytes*>(out)->data)) return true;
  return fail("expected base64, found \"" + shown(text) + '"');
}

}  // namespace tidings
