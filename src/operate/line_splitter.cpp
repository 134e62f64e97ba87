#include "operate/line_splitter.hpp"

namespace tidings::operate {

void LineSplitter::add(std::string_view chunk, const Visit& visit) {
  for (std::size_t end = chunk.find('\n'); end != std::string_view::npos; end = chunk.find('\n')) {
    const std::string_view part = chunk.substr(0, end);
    chunk.remove_prefix(end + 1);
    if (begun_.empty() && !too_long_ && part.size() <= bytes_max_) {
      end_line(part, visit);  // the usual case, without a copy
      continue;
    }
    keep(part);
    end_line(begun_, visit);
    begun_.clear();
  }
  keep(chunk);
}

void LineSplitter::finish(const Visit& visit) {
  if (!begun_.empty()) end_line(begun_, visit);
  begun_.clear();
}

void LineSplitter::keep(std::string_view part) {
  const std::size_t room = bytes_max_ - begun_.size();
  too_long_ = too_long_ || part.size() > room;
  begun_ += part.substr(0, room);
}

void LineSplitter::end_line(std::string_view text, const Visit& visit) {
  ++number_;
  if (text.ends_with('\r')) text.remove_suffix(1);
  visit({.number = number_, .text = text, .too_long = too_long_});
  too_long_ = false;
}

}  // namespace tidings::operate
