// Bytes of keys and values in the store: fixed-width little-endian numbers, varints and texts in values, big-endian
// numbers in keys (so that they sort as numbers).
//
// Threads: values.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/names.hpp"

namespace tidings::local {

static_assert(std::endian::native == std::endian::little, "the store's numbers are little-endian");

using Bytes = std::string_view;

// Appends to a string.
class ByteWriter final {
 public:
  explicit ByteWriter(std::string& out) : out_{out} {}

  template <class Number>
  void fixed(Number number) {
    out_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void varint(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) out_ += static_cast<char>(number | 0x80);
    out_ += static_cast<char>(number);
  }
  void raw(Bytes bytes) { out_ += bytes; }
  void text(Bytes bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  void time(Time time) { fixed<std::int64_t>(time.time_since_epoch().count()); }
  void time(const std::optional<Time>& time_or_none) {
    fixed<std::int64_t>(time_or_none ? time_or_none->time_since_epoch().count() : kNoTime);
  }

  static constexpr std::int64_t kNoTime = INT64_MIN;

 private:
  std::string& out_;
};

// Takes from the front of bytes. After the first fault all it gives is empty, and ok() is false.
class ByteReader final {
 public:
  explicit ByteReader(Bytes bytes) : rest_{bytes} {}

  template <class Number>
  Number fixed() {
    Number number{};
    const Bytes bytes = take(sizeof number);
    if (ok_) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }
  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const Bytes byte = take(1);
      if (!ok_) return 0;
      number |= std::uint64_t{static_cast<unsigned char>(byte[0]) & 0x7fu} << shift;
      if ((static_cast<unsigned char>(byte[0]) & 0x80u) == 0) return number;
    }
    ok_ = false;
    return 0;
  }
  Bytes text() { return take(varint()); }
  std::optional<Time> time() {
    const auto count = fixed<std::int64_t>();
    if (count == ByteWriter::kNoTime) return std::nullopt;
    return Time{Duration{count}};
  }
  Bytes take(std::size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const Bytes taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  Bytes rest() { return take(rest_.size()); }

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

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
