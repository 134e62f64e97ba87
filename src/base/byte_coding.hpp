// Bytes of stored values: fixed-width little-endian numbers, varints and texts.
//
// Threads: values.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/names.hpp"

namespace tidings {

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian");

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
  void raw(std::string_view bytes) { out_ += bytes; }
  void text(std::string_view bytes) {
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
  explicit ByteReader(std::string_view bytes) : rest_{bytes} {}

  template <class Number>
  Number fixed() {
    Number number{};
    const std::string_view bytes = take(sizeof number);
    if (ok_) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }
  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::string_view byte = take(1);
      if (!ok_) return 0;
      number |= std::uint64_t{static_cast<unsigned char>(byte[0]) & 0x7fu} << shift;
      if ((static_cast<unsigned char>(byte[0]) & 0x80u) == 0) return number;
    }
    ok_ = false;
    return 0;
  }
  std::string_view text() { return take(varint()); }
  std::optional<Time> time() {
    const auto count = fixed<std::int64_t>();
    if (count == ByteWriter::kNoTime) return std::nullopt;
    return Time{Duration{count}};
  }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() { return take(rest_.size()); }

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tidings
