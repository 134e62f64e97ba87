// Lines out of chunks of input, with bounded memory.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tidings::operate {

struct InputLine {
  std::uint64_t number = 0;  // from 1
  std::string_view text;     // without its end; the beginning only when too long
  bool too_long = false;
};

class LineSplitter final {
 public:
  using Visit = std::function<void(const InputLine&)>;

  explicit LineSplitter(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  // Visits the lines that end in this chunk.
  void add(std::string_view chunk, const Visit& visit);
  // Visits a last line without an end.
  void finish(const Visit& visit);

  std::uint64_t lines() const { return number_; }

 private:
  void keep(std::string_view part);
  void end_line(std::string_view text, const Visit& visit);

  std::size_t bytes_max_;
  std::uint64_t number_ = 0;
  std::string begun_;
  bool too_long_ = false;
};

}  // namespace tidings::operate
