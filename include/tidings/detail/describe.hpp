// The templates behind describe.hpp. Include that one.
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <chrono>
#include <concepts>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "tidings/describe.hpp"
#include "tidings/money.hpp"
#include "tidings/raw_json.hpp"

#pragma GCC visibility push(default)

namespace tidings::detail {

// `void tidings::detail::spelled() [with T = shop::Order]` (g++), `... [T = shop::Order]` (clang).
template <class T>
constexpr std::string_view spelled() {
  constexpr std::string_view text = __PRETTY_FUNCTION__;
  constexpr std::size_t begin = text.find("T = ") + 4;
  return text.substr(begin, text.find_first_of(";]", begin) - begin);
}

constexpr std::string_view without_scope(std::string_view name) {
  const std::size_t colon = name.substr(0, name.find('<')).rfind(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

template <class T>
constexpr std::string_view integer_name() {
  constexpr std::string_view names[] = {"uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"};
  constexpr std::size_t log2 = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  return names[(std::is_signed_v<T> ? 4 : 0) + log2];
}

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <template <class...> class Template, class... Args>
inline constexpr bool is_a<Template<Args...>, Template> = true;

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_text_map = false;
template <class T, class Compare>
inline constexpr bool is_text_map<std::map<std::string, T, Compare>> = true;

template <class T>
inline constexpr bool is_duration = false;
template <std::integral Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_time = false;
template <class Length>
inline constexpr bool is_time<std::chrono::sys_time<Length>> = is_duration<Length>;

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                  !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <class T>
constexpr std::string_view default_wire_name() {
  if constexpr (std::same_as<T, bool>)
    return "bool";
  else if constexpr (Integer<T>)
    return integer_name<T>();
  else if constexpr (std::same_as<T, float>)
    return "float";
  else if constexpr (std::same_as<T, double>)
    return "double";
  else if constexpr (std::same_as<T, std::string>)
    return "string";
  else if constexpr (std::same_as<T, std::monostate>)
    return "null";
  else if constexpr (is_a<T, std::vector> || is_array<T>)
    return "list";
  else if constexpr (is_text_map<T>)
    return "map";
  else if constexpr (is_time<T>)
    return "time";
  else if constexpr (is_duration<T>)
    return "duration";
  else
    return without_scope(spelled<T>());
}

// Its value has a constant address before anything is initialised, so descriptions may refer to one another in circles.
template <class T>
struct Described {
  static const Type value;
};

// ---- structs

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

// Gives the members their wire names and refuses two of one name, or more than kMembersMax (std::logic_error).
void name_members(std::string_view struct_name, Object& object);

template <class T>
const Object& object_of() {
  static const Object object = [] {
    static const T defaults{};
    Object made{.members = {}, .defaults = &defaults};
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto descriptor) {
      const auto& member = defaults.*descriptor.pointer;
      using M = std::remove_cvref_t<decltype(member)>;
      made.members.push_back(
          {.cpp_name = descriptor.name,
           .names = {},
           .info = field_info<decltype(descriptor)::pointer>,
           .type = &Described<M>::value,
           .offset = static_cast<std::size_t>(reinterpret_cast<const char*>(std::addressof(member)) -
                                              reinterpret_cast<const char*>(std::addressof(defaults)))});
    });
    name_members(wire_name<T>, made);
    return made;
  }();
  return object;
}

// ---- enums

template <class T>
using EnumeratorsOf = boost::describe::describe_enumerators<T>;

template <class T>
inline constexpr auto enum_values = [] {
  std::array<EnumValue, boost::mp11::mp_size<EnumeratorsOf<T>>::value> values{};
  std::size_t next = 0;
  boost::mp11::mp_for_each<EnumeratorsOf<T>>([&](auto descriptor) {
    values[next++] = {descriptor.name, static_cast<std::int64_t>(descriptor.value)};
  });
  return values;
}();

// ---- time

template <class Length>
constexpr Instant instant_of(Length length) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(length);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(length - seconds);
  return {seconds.count(), static_cast<std::int32_t>(rest.count())};
}

// Cuts off what is finer than a tick (towards the past); false: more ticks than fit.
template <class Length>
constexpr bool store_instant(Instant instant, Length& length) {
  using Period = typename Length::period;
  static_assert(Period::num == 1 || Period::den == 1, "tidings: ticks must divide a second, or be whole seconds");
  static_assert(Period::den <= std::nano::den, "tidings: ticks below a nanosecond do not fit on the wire");
  __extension__ using Wide = __int128;
  Wide ticks = 0;
  if constexpr (Period::den == 1) {
    ticks = instant.seconds / Period::num - (instant.seconds % Period::num < 0 ? 1 : 0);
  } else {
    ticks = Wide{instant.seconds} * Period::den + Wide{instant.nanos} * Period::den / std::nano::den;
  }
  using Limits = std::numeric_limits<typename Length::rep>;
  if (ticks < Wide{Limits::min()} || ticks > Wide{Limits::max()}) return false;
  length = Length{static_cast<typename Length::rep>(ticks)};
  return true;
}

// ---- one function a kind

template <class T>
constexpr void describe_optional(Type& type) {
  type.kind = Kind::optional;
  static_assert(!is_a<typename T::value_type, std::optional>, "tidings: an optional of an optional has no wire form");
  type.element = &Described<typename T::value_type>::value;
  type.optional.get = [](const void* value) -> const void* {
    const T& held = *static_cast<const T*>(value);
    return held ? std::addressof(*held) : nullptr;
  };
  type.optional.emplace = [](void* value) -> void* { return std::addressof(static_cast<T*>(value)->emplace()); };
}

template <class T>
constexpr void describe_list(Type& type) {
  type.kind = Kind::list;
  type.element = &Described<typename T::value_type>::value;
  type.list.size = [](const void* value) { return static_cast<const T*>(value)->size(); };
  if constexpr (std::same_as<typename T::value_type, bool>) {
    type.list.at = [](const void* value, std::size_t index) -> const void* {
      static constexpr bool values[] = {false, true};
      return &values[(*static_cast<const T*>(value))[index] ? 1 : 0];
    };
    type.list.append_bool = [](void* value, bool element) { static_cast<T*>(value)->push_back(element); };
  } else {
    type.list.at = [](const void* value, std::size_t index) -> const void* {
      return std::addressof((*static_cast<const T*>(value))[index]);
    };
    type.list.append = [](void* value) -> void* { return std::addressof(static_cast<T*>(value)->emplace_back()); };
  }
}

template <class T>
constexpr void describe_map(Type& type) {
  type.kind = Kind::map;
  type.element = &Described<typename T::mapped_type>::value;
  type.map.size = [](const void* value) { return static_cast<const T*>(value)->size(); };
  type.map.insert = [](void* value, std::string_view key) -> void* {
    return std::addressof((*static_cast<T*>(value))[std::string{key}]);
  };
  type.map.each = [](const void* value, void* context, bool (*visit)(void*, const std::string&, const void*)) {
    for (const auto& [key, element] : *static_cast<const T*>(value)) {
      if (!visit(context, key, std::addressof(element))) return false;
    }
    return true;
  };
}

template <class... T>
constexpr bool distinct(const std::variant<T...>*) {
  const std::string_view names[] = {wire_name<T>...};
  for (std::size_t i = 0; i < sizeof...(T); ++i) {
    for (std::size_t k = i + 1; k < sizeof...(T); ++k) {
      if (names[i] == names[k]) return false;
    }
  }
  return true;
}

template <class T>
inline constexpr int alternatives_of = 0;
template <class... T>
inline constexpr std::array<const Type*, sizeof...(T)> alternatives_of<std::variant<T...>>{&Described<T>::value...};

template <class T>
constexpr void describe_variant(Type& type) {
  static_assert(distinct(static_cast<const T*>(nullptr)),
                "tidings: two alternatives of a std::variant have one wire name; specialise tidings::wire_name<T>");
  type.kind = Kind::variant;
  type.variant.alternatives = alternatives_of<T>;
  type.variant.index = [](const void* value) { return static_cast<const T*>(value)->index(); };
  type.variant.get = [](const void* value) {
    return std::visit([](const auto& held) -> const void* { return std::addressof(held); },
                      *static_cast<const T*>(value));
  };
  type.variant.emplace = [](void* value, std::size_t index) {
    return boost::mp11::mp_with_index<std::variant_size_v<T>>(index, [value](auto alternative) -> void* {
      return std::addressof(static_cast<T*>(value)->template emplace<alternative.value>());
    });
  };
}

template <class T>
constexpr void describe_clock(Type& type) {
  type.kind = is_time<T> ? Kind::time : Kind::duration;
  if constexpr (is_time<T>) {
    type.is_date = std::ratio_equal_v<typename T::period, std::chrono::days::period>;
    type.clock.get = [](const void* value) { return instant_of(static_cast<const T*>(value)->time_since_epoch()); };
    type.clock.set = [](void* value, Instant instant) {
      typename T::duration since_epoch{};
      const bool fits = store_instant(instant, since_epoch);
      if (fits) *static_cast<T*>(value) = T{since_epoch};
      return fits;
    };
  } else {
    type.clock.get = [](const void* value) { return instant_of(*static_cast<const T*>(value)); };
    type.clock.set = [](void* value, Instant instant) { return store_instant(instant, *static_cast<T*>(value)); };
  }
}

template <class T>
constexpr void describe_enum(Type& type) {
  static_assert(sizeof(T) < 8 || std::is_signed_v<std::underlying_type_t<T>>, "tidings: this enum exceeds 63 bits");
  type.kind = Kind::enumeration;
  type.enumeration.values = enum_values<T>;
  type.enumeration.get = [](const void* value) { return static_cast<std::int64_t>(*static_cast<const T*>(value)); };
  type.enumeration.set = [](void* value, std::int64_t number) { *static_cast<T*>(value) = static_cast<T>(number); };
}

template <class T>
constexpr void describe_number(Type& type) {
  type.kind = std::same_as<T, bool> ? Kind::boolean : Integer<T> ? Kind::integer : Kind::floating;
  type.width = sizeof(T);
  type.is_signed = std::is_signed_v<T>;
}

template <class T>
inline constexpr bool cannot_be_described = false;

template <class T>
constexpr void describe_kind(Type& type) {
  if constexpr (std::same_as<T, bool> || Integer<T> || std::same_as<T, float> || std::same_as<T, double>) {
    describe_number<T>(type);
  } else if constexpr (std::same_as<T, std::string>) {
    type.kind = Kind::string;
  } else if constexpr (std::same_as<T, Money>) {
    type.kind = Kind::money;
  } else if constexpr (std::same_as<T, RawJson>) {
    type.kind = Kind::raw_json;
  } else if constexpr (std::same_as<T, Bytes>) {
    type.kind = Kind::bytes;
  } else if constexpr (std::same_as<T, std::monostate>) {
    type.kind = Kind::none;
  } else if constexpr (is_a<T, std::optional>) {
    describe_optional<T>(type);
  } else if constexpr (is_a<T, std::vector>) {
    describe_list<T>(type);
  } else if constexpr (is_array<T>) {
    type.kind = Kind::array;
    type.element = &Described<typename T::value_type>::value;
    type.count = std::tuple_size_v<T>;
  } else if constexpr (is_text_map<T>) {
    describe_map<T>(type);
  } else if constexpr (is_a<T, std::variant>) {
    describe_variant<T>(type);
  } else if constexpr (is_time<T> || is_duration<T>) {
    describe_clock<T>(type);
  } else if constexpr (std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value) {
    describe_enum<T>(type);
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    static_assert(std::default_initializable<T>, "tidings: a described struct must be default-constructible");
    type.kind = Kind::object;
    type.object = &object_of<T>;
  } else {
    static_assert(
        cannot_be_described<T>,
        "tidings: this type has no wire form: write BOOST_DESCRIBE_STRUCT (or _ENUM) for it, or choose one of "
        "the types that tidings/describe.hpp lists");
  }
}

template <class T>
constexpr Type make_type() {
  Type type{};
  type.size = sizeof(T);
  type.alignment = alignof(T);
  type.name = wire_name<T>;
  type.construct = [](void* place) -> void* { return ::new (place) T{}; };
  type.destroy = [](void* value) { std::destroy_at(static_cast<T*>(value)); };
  type.reset = [](void* value) { *static_cast<T*>(value) = T{}; };
  describe_kind<T>(type);
  return type;
}

template <class T>
constinit const Type Described<T>::value = make_type<T>();

}  // namespace tidings::detail

namespace tidings {

template <class T>
const Type& describe() {
  return detail::Described<T>::value;
}

}  // namespace tidings

#pragma GCC visibility pop
