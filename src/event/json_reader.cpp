#include "event/json_reader.hpp"

#include <charconv>
#include <cstdint>
#include <limits>

#include "event/base64.hpp"
#include "event/decimal.hpp"
#include "event/json_check.hpp"
#include "tidings/money.hpp"
#include "tidings/raw_json.hpp"

namespace tidings {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kFoundTextMax = 40;  // of a value that an error message shows

void* at_offset(void* base, std::size_t offset) {
  return static_cast<char*>(base) + offset;
}

std::string_view trimmed(std::string_view token) {
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  return token.substr(0, last == token.npos ? 0 : last + 1);
}

// A number, word or string as it stands in the document.
std::string_view token_of(ondemand::value& value) {
  return trimmed(value.raw_json_token());
}

// Of an array or object, which it passes.
template <class Container>
simdjson::error_code whole_text(simdjson::simdjson_result<Container> found, std::string_view& text) {
  Container container;
  if (const auto error = std::move(found).get(container)) return error;
  return container.raw_json().get(text);
}

std::string shown(std::string_view text) {
  return std::string{text.substr(0, kFoundTextMax)} + (text.size() > kFoundTextMax ? "..." : "");
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

// Whether null is one of its values, rather than a missing one.
bool takes_null(const Type& type) {
  if (type.kind == Kind::variant) {
    for (const Type* alternative : type.variant.alternatives) {
      if (alternative->kind == Kind::none) return true;
    }
  }
  return type.kind == Kind::optional || type.kind == Kind::raw_json || type.kind == Kind::none;
}

std::string names_of(std::span<const EnumValue> values) {
  std::string names;
  for (const EnumValue& value : values) names.append(names.empty() ? "" : ", ").append(value.name);
  return names;
}

std::string names_of(std::span<const Type* const> types) {
  std::string names;
  for (const Type* type : types) names.append(names.empty() ? "" : ", ").append(type->name);
  return names;
}

}  // namespace

bool JsonReader::enter() {
  if (depth_ == depth_max_) return fail("more than " + std::to_string(depth_max_) + " levels deep");
  ++depth_;
  return true;
}

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

template <class Element>
bool JsonReader::each_element(Value& value, Element element) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return fail_kind("array", value);
  if (!enter()) return false;
  std::size_t index = 0;
  for (auto next : array) {
    Value item;
    if (const auto error = std::move(next).get(item)) return fail_as(error);
    if (!element(item, index)) return failure_.in_element(index);
    ++index;
  }
  leave();
  return true;
}

bool JsonReader::read_only_element(const Type& type, Value& array, void* out) {
  ondemand::array elements;
  if (const auto error = array.get_array().get(elements)) return fail_as(error);
  ++depth_;
  std::size_t found = 0;
  for (auto next : elements) {
    Value item;
    if (const auto error = std::move(next).get(item)) return fail_as(error);
    if (++found == 1 && !read(type, item, out)) return false;
  }
  if (found == 1) return true;
  return failure_.set(ErrorKind::corrupt, "not JSON: expected one value, found " + std::to_string(found));
}

bool JsonReader::read_string(Value& value, std::string& out) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) {
    return error == simdjson::STRING_ERROR ? fail_as(error) : fail_kind("string", value);
  }
  out.assign(text);
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

bool JsonReader::read_optional(const Type& type, Value& value, void* out) {
  if (take_null(value)) return type.reset(out), true;
  return read(*type.element, value, type.optional.emplace(out));
}

bool JsonReader::read_list(const Type& type, Value& value, void* out) {
  if (type.list.size(out) > 0) type.reset(out);
  return each_element(value, [&](Value& item, std::size_t) {
    if (type.list.append) return read(*type.element, item, type.list.append(out));
    bool element = false;
    if (!read_boolean(item, &element)) return false;
    type.list.append_bool(out, element);
    return true;
  });
}

bool JsonReader::read_array(const Type& type, Value& value, void* out) {
  std::size_t found = 0;
  const bool done = each_element(value, [&](Value& item, std::size_t index) {
    ++found;
    if (index >= type.count) return true;
    return read(*type.element, item, at_offset(out, index * type.element->size));
  });
  if (!done) return false;
  if (found == type.count) return true;
  return fail("expected " + std::to_string(type.count) + " elements, found " + std::to_string(found));
}

bool JsonReader::read_map(const Type& type, Value& value, void* out) {
  if (type.map.size(out) > 0) type.reset(out);
  return each_field(value, [&](ondemand::field& field) {
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return fail_as(error);
    return read_map_entry(type, key, field.value(), out);
  });
}

bool JsonReader::read_map_entry(const Type& type, std::string_view key, Value& value, void* out) {
  if (!takes_null(*type.element) && take_null(value)) return true;
  const std::size_t before = type.map.size(out);
  void* const element = type.map.insert(out, key);
  if (type.map.size(out) == before) type.element->reset(element);
  return read(*type.element, value, element) || failure_.in_member(key);
}

bool JsonReader::read_variant(const Type& type, Value& value, void* out) {
  const auto& alternatives = type.variant.alternatives;
  if (takes_null(type) && take_null(value)) {
    for (std::size_t i = 0; i < alternatives.size(); ++i) {
      if (alternatives[i]->kind == Kind::none) return type.variant.emplace(out, i), true;
    }
  }
  std::size_t members = 0;
  const bool done = each_field(value, [&](ondemand::field& field) {
    if (++members > 1) return true;
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) return fail_as(error);
    for (std::size_t i = 0; i < alternatives.size(); ++i) {
      if (alternatives[i]->kind == Kind::none || alternatives[i]->name != name) continue;
      return read(*alternatives[i], field.value(), type.variant.emplace(out, i)) || failure_.in_member(name);
    }
    return fail("expected one of " + names_of(alternatives) + "; found \"" + shown(name) + '"');
  });
  if (!done) return false;
  if (members == 1) return true;
  return fail("expected an object of one member, found " + std::to_string(members));
}

bool JsonReader::read_member(const Member& member, FieldMatch match, SeenFields& seen, Value& value, void* object) {
  if (!takes_null(*member.type) && take_null(value)) return true;
  void* const out = at_offset(object, member.offset);
  switch (seen.come(match, both_spellings_)) {
    case SeenFields::Then::skip:
      return true;
    case SeenFields::Then::take_again:
      member.type->reset(out);
      break;
    case SeenFields::Then::take:
      break;
  }
  const auto spelling = match.own ? profile_ : profile_ == Profile::kafka ? Profile::rabbitmq : Profile::kafka;
  return read(*member.type, value, out) || failure_.in_member(member.name(spelling));
}

bool JsonReader::check_required(const Object& object, const SeenFields& seen) {
  for (std::size_t i = 0; i < object.members.size(); ++i) {
    const Member& member = object.members[i];
    if (!member.info.required || seen.seen(i)) continue;
    fail("required, but missing");
    return failure_.in_member(member.name(profile_));
  }
  return true;
}

bool JsonReader::read_object(const Type& type, Value& value, void* out) {
  const Object& object = type.object();
  SeenFields seen;
  std::size_t expected = 0;
  const bool done = each_field(value, [&](ondemand::field& field) {
    const FieldMatch match = this->match(object.members, field, expected);
    if (match.index == object.members.size()) return true;
    expected = match.index + 1;
    return read_member(object.members[match.index], match, seen, field.value(), out);
  });
  return done && check_required(object, seen);
}

bool JsonReader::read(const Type& type, Value& value, void* out) {
  switch (type.kind) {
    case Kind::boolean:
      return read_boolean(value, out);
    case Kind::integer:
      return read_integer(type, value, out);
    case Kind::floating:
      return read_real(type, value, out);
    case Kind::string:
      return read_string(value, *static_cast<std::string*>(out));
    case Kind::enumeration:
      return read_enum(type, value, out);
    case Kind::optional:
      return read_optional(type, value, out);
    case Kind::list:
      return read_list(type, value, out);
    case Kind::array:
      return read_array(type, value, out);
    case Kind::map:
      return read_map(type, value, out);
    case Kind::object:
      return read_object(type, value, out);
    case Kind::variant:
      return read_variant(type, value, out);
    case Kind::time:
    case Kind::duration:
      return read_clock(type, value, out);
    case Kind::money:
      return read_money(value, out);
    case Kind::raw_json:
      return read_raw(value, static_cast<RawJson*>(out)->text);
    case Kind::bytes:
      return read_bytes(value, out);
    case Kind::none:
      return take_null(value) || fail_kind("null", value);
  }
  return fail("unknown kind");
}

}  // namespace tidings
