// Reads described values from JSON, over simdjson's on-demand parser.
//
// What is skipped (unknown members) is checked only for its brackets, quotes and UTF-8.
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "event/failure.hpp"
#include "event/field_match.hpp"
#include "tidings/describe.hpp"
#include "tidings/profile.hpp"

namespace tidings {

class JsonReader final {
 public:
  using Value = simdjson::ondemand::value;

  // The document ends at `end`; simdjson's padding follows.
  JsonReader(Profile profile, std::size_t depth_max, const char* end)
      : profile_{profile}, depth_max_{depth_max}, end_{end} {}

  // Reads into a default value of `type`. False: failure() says why.
  bool read(const Type& type, Value& value, void* out);

  // Reads the one element of an array.
  bool read_only_element(const Type& type, Value& array, void* out);
  bool read_string(Value& value, std::string& out);
  // Text or number, as parse_time takes it.
  bool read_instant(Value& value, Instant& out);
  // The text of any value, whose grammar is checked.
  bool read_raw(Value& value, std::string& out);
  // Calls `field(key, value)` for each member, until one returns false.
  template <class Field>
  bool each_field(Value& value, Field field);
  // Whether it is null, and then takes it.
  bool take_null(Value& value) {
    bool is_null = false;
    if (*value.raw_json_token().data() != 'n') return false;
    return value.is_null().get(is_null) == simdjson::SUCCESS && is_null;
  }
  // Passes over a value. A text is taken: simdjson, when it skips one before a colon, has it for a key, and then does
  // not notice a closing bracket too many.
  bool skip(Value value) {
    simdjson::ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return fail_as(error);
    if (type != simdjson::ondemand::json_type::string) return true;
    const auto error = value.get_raw_json_string().error();
    return error == simdjson::SUCCESS || fail_as(error);
  }
  // Which of the fields a key names; see match_field.
  template <class Fields>
  FieldMatch match(const Fields& fields, simdjson::ondemand::field& field, std::size_t expected) const;
  RawKey raw_key(simdjson::ondemand::field& field) const { return {field.key().raw(), end_}; }

  bool fail(std::string reason) { return failure_.set(ErrorKind::invalid, std::move(reason)); }
  bool fail_as(simdjson::error_code error);
  // `expected integer, found string`; corrupt when there is no value at all.
  bool fail_kind(std::string_view expected, Value& value);

  Profile profile() const { return profile_; }
  const char* end() const { return end_; }
  Failure& failure() { return failure_; }
  std::size_t& both_spellings() { return both_spellings_; }

 private:
  bool read_object(const Type& type, Value& value, void* out);
  bool read_member(const Member& member, FieldMatch match, SeenFields& seen, Value& value, void* object);
  bool check_required(const Object& object, const SeenFields& seen);
  bool read_list(const Type& type, Value& value, void* out);
  bool read_array(const Type& type, Value& value, void* out);
  bool read_map(const Type& type, Value& value, void* out);
  bool read_map_entry(const Type& type, std::string_view key, Value& value, void* out);
  bool read_variant(const Type& type, Value& value, void* out);
  bool read_optional(const Type& type, Value& value, void* out);
  bool read_boolean(Value& value, void* out);
  bool read_integer(const Type& type, Value& value, void* out);
  bool read_odd_integer(const Type& type, Value& value, void* out);
  bool read_real(const Type& type, Value& value, void* out);
  bool read_money(Value& value, void* out);
  bool read_enum(const Type& type, Value& value, void* out);
  bool read_clock(const Type& type, Value& value, void* out);
  bool read_bytes(Value& value, void* out);

  template <class Element>
  bool each_element(Value& value, Element element);
  bool enter() {
    if (depth_ == depth_max_) return fail_depth();
    ++depth_;
    return true;
  }
  bool fail_depth();
  void leave() { --depth_; }

  Profile profile_;
  std::size_t depth_max_;
  std::size_t depth_ = 0;
  const char* end_;
  std::size_t both_spellings_ = 0;
  Failure failure_;
};

template <class Fields>
FieldMatch JsonReader::match(const Fields& fields, simdjson::ondemand::field& field, std::size_t expected) const {
  const RawKey key = raw_key(field);
  const FieldMatch found = match_field(fields, key, profile_, expected);
  if (found.index != fields.size() || !key.has_escape()) return found;
  std::string_view text;
  if (field.unescaped_key().get(text) != simdjson::SUCCESS) return found;
  return match_field(fields, TextKey{text}, profile_, expected);
}

template <class Field>
bool JsonReader::each_field(Value& value, Field field) {
  simdjson::ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return fail_kind("object", value);
  if (!enter()) return false;
  for (auto next : object) {
    simdjson::ondemand::field member;
    if (const auto error = std::move(next).get(member)) return fail_as(error);
    if (!field(member)) return false;
  }
  leave();
  return true;
}

}  // namespace tidings
