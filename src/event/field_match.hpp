// Which field of an object a JSON key names, in either spelling, and what to do when a field comes twice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tidings/describe.hpp"
#include "tidings/profile.hpp"

namespace tidings {

// A key as it stands in the document: at its first character, without its length. It ends at a quote.
class RawKey final {
 public:
  RawKey(const char* begin, const char* document_end) : begin_{begin}, end_{document_end} {}

  bool is(std::string_view name) const {
    return static_cast<std::size_t>(end_ - begin_) > name.size() && begin_[name.size()] == '"' &&
           std::memcmp(begin_, name.data(), name.size()) == 0;
  }
  // Then is() may say no though the key, unescaped, is that name.
  bool has_escape() const {
    const char* at = begin_;
    while (at != end_ && *at != '"' && *at != '\\') ++at;
    return at != end_ && *at == '\\';
  }

 private:
  const char* begin_;
  const char* end_;
};

// An unescaped key.
struct TextKey {
  std::string_view text;
  bool is(std::string_view name) const { return text == name; }
};

struct FieldMatch {
  std::size_t index = 0;  // the number of fields: unknown
  bool own = true;        // in the profile's own spelling
};

// `fields[i].names` are its two spellings. Keys mostly come in the order of the fields: the search begins at
// `expected`.
template <class Fields, class Key>
FieldMatch match_field(const Fields& fields, const Key& key, Profile profile, std::size_t expected) {
  const std::size_t count = fields.size();
  const auto own = static_cast<std::size_t>(profile);
  if (expected < count && key.is(fields[expected].names[own])) return {expected, true};
  for (std::size_t i = 0; i < count; ++i) {
    if (key.is(fields[i].names[own])) return {i, true};
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (key.is(fields[i].names[1 - own])) return {i, false};
  }
  return {count, true};
}

// The fields of one object that were read so far.
class SeenFields final {
 public:
  enum class Then { take, take_again, skip };

  // A field comes, not null. The profile's own spelling wins over the other one, a later one over an earlier one.
  Then come(FieldMatch match, std::size_t& both_spellings) {
    const bool seen = has(seen_, match.index);
    const bool seen_own = has(seen_own_, match.index);
    if (seen && seen_own != match.own) ++both_spellings;
    if (seen_own && !match.own) return Then::skip;
    mark(seen_, match.index);
    if (match.own) mark(seen_own_, match.index);
    return seen ? Then::take_again : Then::take;
  }

  bool seen(std::size_t index) const { return has(seen_, index); }

 private:
  using Bits = std::array<std::uint64_t, Object::kMembersMax / 64>;

  static bool has(const Bits& bits, std::size_t index) { return (bits[index / 64] >> (index % 64) & 1) != 0; }
  static void mark(Bits& bits, std::size_t index) { bits[index / 64] |= std::uint64_t{1} << (index % 64); }

  Bits seen_{};
  Bits seen_own_{};
};

}  // namespace tidings
