#include "event/json_reader.hpp"

namespace tidings {

namespace {

namespace ondemand = simdjson::ondemand;

void* at_offset(void* base, std::size_t offset) {
  return static_cast<char*>(base) + offset;
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

std::string names_of(std::span<const Type* const> types) {
  std::string names;
  for (const Type* type : types) names.append(names.empty() ? "" : ", ").append(type->name);
  return names;
}

}  // namespace

bool JsonReader::fail_depth() {
  return fail("more than " + std::to_string(depth_max_) + " levels deep");
}

template <class Element>
bool JsonReader::each_element(Value& value, Element element) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return fail_kind("array", value);
  if (!enter()) return false;
  std::size_t index = 0;
  for (auto next : array) {
    Value item;
    if (const auto error = next.get(item)) return fail_as(error);
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
    if (const auto error = next.get(item)) return fail_as(error);
    if (++found == 1 && !read(type, item, out)) return false;
  }
  if (found == 1) return true;
  return failure_.set(ErrorKind::corrupt, "not JSON: expected one value, found " + std::to_string(found));
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
      return skip(value);
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
    if (match.index == object.members.size()) return skip(field.value());
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
