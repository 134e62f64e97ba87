// Bytes of keys in the store: big-endian numbers, so that they sort as numbers. Values: base/byte_coding.hpp.
//
// Threads: values.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/byte_coding.hpp"
#include "tidings/names.hpp"

namespace tidings::local {

using Bytes = std::string_view;

// What LMDB takes.
inline constexpr std::size_t kTreeKeyMax = 511;

// A key of a tree.
class TreeKey final {
 public:
  TreeKey& u32(std::uint32_t number) { return big_endian(__builtin_bswap32(number)); }
  TreeKey& u64(std::uint64_t number) { return big_endian(__builtin_bswap64(number)); }
  TreeKey& time(Time time) { return u64(static_cast<std::uint64_t>(time.time_since_epoch().count())); }
  // Cut where it does not fit: callers have checked the lengths (kNameMax, kControlKeyMax).
  TreeKey& text(Bytes bytes) {
    const std::size_t fits = std::min(bytes.size(), bytes_.size() - size_);
    std::memcpy(bytes_.data() + size_, bytes.data(), fits);
    size_ += fits;
    return *this;
  }

  operator Bytes() const { return {bytes_.data(), size_}; }

 private:
  template <class Number>
  TreeKey& big_endian(Number swapped) {
    return text({reinterpret_cast<const char*>(&swapped), sizeof swapped});
  }

  std::array<char, kTreeKeyMax> bytes_;
  std::size_t size_ = 0;
};

// The parts of a key again.
class KeyReader final {
 public:
  explicit KeyReader(Bytes key) : reader_{key} {}

  std::uint32_t u32() { return __builtin_bswap32(reader_.fixed<std::uint32_t>()); }
  std::uint64_t u64() { return __builtin_bswap64(reader_.fixed<std::uint64_t>()); }
  Time time() { return Time{Duration{static_cast<std::int64_t>(u64())}}; }
  Bytes rest() { return reader_.rest(); }
  bool ok() const { return reader_.ok(); }

 private:
  ByteReader reader_;
};

}  // namespace tidings::local
