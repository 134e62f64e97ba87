#include "event/json_check.hpp"

#include <algorithm>

namespace tidings {

namespace {

class Checker {
 public:
  Checker(std::string_view text, std::size_t depth_max)
      : at_{text.data()}, end_{at_ + text.size()}, depth_max_{depth_max} {}

  bool check() { return value(0) && (skip_space(), at_ == end_); }

 private:
  bool value(std::size_t depth) {
    skip_space();
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
        return depth < depth_max_ && object(depth + 1);
      case '[':
        return depth < depth_max_ && array(depth + 1);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool object(std::size_t depth) {
    ++at_;
    if (take_after_space('}')) return true;
    do {
      skip_space();
      if (at_ == end_ || !string() || !take_after_space(':') || !value(depth)) return false;
    } while (take_after_space(','));
    return take_after_space('}');
  }

  bool array(std::size_t depth) {
    ++at_;
    if (take_after_space(']')) return true;
    do {
      if (!value(depth)) return false;
    } while (take_after_space(','));
    return take_after_space(']');
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ != end_ && *at_ != '"') {
      if (static_cast<unsigned char>(*at_) < 0x20) return false;
      if (*at_++ == '\\' && !escape()) return false;
    }
    return take('"');
  }

  bool escape() {
    if (at_ == end_) return false;
    const char c = *at_++;
    if (c != 'u') return std::string_view{"\"\\/bfnrt"}.find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == end_ || std::string_view{"0123456789abcdefABCDEF"}.find(*at_) == std::string_view::npos) return false;
    }
    return true;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  bool digits() {
    const char* const begin = at_;
    at_ = std::find_if(at_, end_, [](char c) { return c < '0' || c > '9'; });
    return at_ != begin;
  }

  bool word(std::string_view expected) {
    if (!std::string_view{at_, static_cast<std::size_t>(end_ - at_)}.starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool take_after_space(char c) {
    skip_space();
    return take(c);
  }

  void skip_space() {
    at_ = std::find_if(at_, end_, [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
  }

  const char* at_;
  const char* end_;
  std::size_t depth_max_;
};

}  // namespace

bool is_json(std::string_view text, std::size_t depth_max) {
  return Checker{text, depth_max}.check();
}

}  // namespace tidings
