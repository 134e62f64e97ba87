// What a type looks like to a codec: a description, built from BOOST_DESCRIBE_STRUCT and BOOST_DESCRIBE_ENUM.
//
// The description is data. Codecs, schemas and documents walk it; none of them is a template.
//
//   describe<OrderCreated>().object().members   names, types, defaults
//
// What may be described: bool, integers of 8 to 64 bits, float, double, std::string, described enums (by name),
// std::optional, std::vector, std::array, std::map<std::string, T>, described structs (default-constructible),
// std::variant (an object of one member, named by wire_name of the alternative that is held; std::monostate is null),
// std::chrono::sys_time and durations of whole ticks, Money, RawJson, Bytes.
//
// Threads: descriptions are immutable and live as long as the program.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/profile.hpp"
#include "tidings/time_text.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// What a member's type does not say. Optional; specialise it for a member:
//
//   template <> inline constexpr tidings::FieldInfo tidings::field_info<&OrderCreated::customer_id>{.required = true};
struct FieldInfo {
  bool required = false;         // missing (or null) is an error when read
  std::string_view doc = {};     // one sentence, for schemas and documents
  std::string_view format = {};  // JSON Schema's `format`: "email", "uuid", ...
  std::string_view name = {};    // on the wire, in both profiles; empty: made from the member's name
  bool masked = false;           // never shown to operators, in logs or in exports
};

template <auto Member>
inline constexpr FieldInfo field_info{};

enum class Kind : std::uint8_t {
  boolean,
  integer,
  floating,
  string,
  enumeration,
  optional,
  list,   // std::vector
  array,  // std::array
  map,
  object,
  variant,
  time,
  duration,
  money,
  raw_json,
  bytes,
  none,  // std::monostate
};

struct Type;

struct Member {
  std::string_view cpp_name;
  std::array<std::string, 2> names;  // on the wire, by Profile
  FieldInfo info;
  const Type* type = nullptr;
  std::size_t offset = 0;  // within the struct

  const std::string& name(Profile profile) const { return names[static_cast<std::size_t>(profile)]; }
};

struct Object {
  std::vector<Member> members;     // in the order of description, bases first; at most kMembersMax
  const void* defaults = nullptr;  // a default-constructed struct

  static constexpr std::size_t kMembersMax = 256;
};

struct EnumValue {
  std::string_view name;
  std::int64_t value;
};

// A type, and how to reach into its values. Which parts are set depends on the kind.
struct Type {
  Kind kind = Kind::none;
  std::uint8_t width = 0;  // integer, floating: bytes
  bool is_signed = false;  // integer
  bool is_date = false;    // time: counts whole days; a date on the wire
  std::size_t size = 0;
  std::size_t alignment = 0;
  std::string_view name;  // wire_name<T>

  void* (*construct)(void* place) = nullptr;  // a default value
  void (*destroy)(void* value) = nullptr;
  void (*reset)(void* value) = nullptr;  // assigns a default value

  const Type* element = nullptr;  // optional, list, array, map: of the value
  std::size_t count = 0;          // array: its elements, one after another

  const Object& (*object)() = nullptr;  // object

  struct {
    std::span<const EnumValue> values;
    std::int64_t (*get)(const void*) = nullptr;
    void (*set)(void*, std::int64_t) = nullptr;
  } enumeration{};

  struct {
    const void* (*get)(const void*) = nullptr;  // null: empty
    void* (*emplace)(void*) = nullptr;
  } optional{};

  struct {
    std::size_t (*size)(const void*) = nullptr;
    const void* (*at)(const void*, std::size_t) = nullptr;
    void* (*append)(void*) = nullptr;            // a default element; null for std::vector<bool>
    void (*append_bool)(void*, bool) = nullptr;  // std::vector<bool> only
  } list{};

  struct {
    using Visit = bool (*)(void* context, const std::string& key, const void* value);
    void* (*insert)(void*, std::string_view key) = nullptr;           // a default value, or the one that is there
    bool (*each)(const void*, void* context, Visit visit) = nullptr;  // until a visit returns false
    std::size_t (*size)(const void*) = nullptr;
  } map{};

  struct {
    std::span<const Type* const> alternatives;
    std::size_t (*index)(const void*) = nullptr;
    const void* (*get)(const void*) = nullptr;
    void* (*emplace)(void*, std::size_t index) = nullptr;
  } variant{};

  struct {
    Instant (*get)(const void*) = nullptr;
    bool (*set)(void*, Instant) = nullptr;  // finer parts are cut off; false: out of range
  } clock{};                                // time, duration
};

namespace detail {
template <class T>
constexpr std::string_view default_wire_name();
}

// The word for T on the wire, where one is needed (variant): a struct's or enum's name without namespaces, `string`,
// `int32`, ... Specialise it to choose another.
template <class T>
inline constexpr std::string_view wire_name = detail::default_wire_name<T>();

// The description of T.
template <class T>
const Type& describe();

// The member of that wire name in either profile; null: none.
const Member* find_member(const Object& object, std::string_view name);

// `customer_id` -> `customerId`, and back.
std::string camel_case(std::string_view name);
std::string snake_case(std::string_view name);

}  // namespace tidings

#pragma GCC visibility pop

#include "tidings/detail/describe.hpp"  // the templates
