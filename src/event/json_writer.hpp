// Writes described values as JSON.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <string_view>

#include "event/failure.hpp"
#include "event/text_buffer.hpp"
#include "tidings/describe.hpp"
#include "tidings/profile.hpp"

namespace tidings {

class JsonWriter final {
 public:
  JsonWriter(TextBuffer& out, Profile profile, std::size_t depth_max)
      : out_{out}, profile_{profile}, depth_max_{depth_max} {}

  // False: failure() says why.
  bool write(const Type& type, const void* value);
  bool write_string(std::string_view text);
  // `"name":` with a comma before it where one is needed. The name holds no character that JSON escapes.
  void write_name(std::string_view name, std::size_t object_begin);
  void write_integer(std::int64_t number);
  bool write_time(Instant time);

  bool enter(char opening);
  void leave(char closing);

  TextBuffer& out() { return out_; }
  Failure& failure() { return failure_; }

 private:
  bool write_object(const Type& type, const void* value);
  bool write_list(const Type& type, const void* value);
  bool write_map(const Type& type, const void* value);
  bool write_variant(const Type& type, const void* value);
  bool write_optional(const Type& type, const void* value);
  bool write_enum(const Type& type, const void* value);
  bool write_raw(std::string_view json);
  void write_unsigned(std::uint64_t number);
  void write_any_integer(const Type& type, const void* value);
  template <class Real>
  bool write_real(Real number);
  bool write_escaped(std::string_view text);
  void write_bytes(std::string_view bytes);
  bool write_clock(const Type& type, const void* value);

  TextBuffer& out_;
  Profile profile_;
  std::size_t depth_max_;
  std::size_t depth_ = 0;
  Failure failure_;
};

}  // namespace tidings
