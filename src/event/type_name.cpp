#include "tidings/type_name.hpp"

namespace tidings {

namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_separator(char c) {
  return c == '_' || c == '-' || c == '.' || c == ' ';
}
char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether a word ends between text[at - 1] and text[at], neither of them a separator.
bool ends_before(std::string_view text, std::size_t at) {
  if (!is_upper(text[at])) return false;
  const char before = text[at - 1];
  if (is_lower(before) || is_digit(before)) return true;
  return is_upper(before) && at + 1 < text.size() && is_lower(text[at + 1]);
}

// Takes the next word off the front; empty at the end.
std::string_view next_word(std::string_view& text) {
  std::size_t begin = 0;
  while (begin < text.size() && is_separator(text[begin])) ++begin;
  std::size_t end = begin;
  while (end < text.size() && !is_separator(text[end]) && (end == begin || !ends_before(text, end))) ++end;
  const std::string_view word = text.substr(begin, end - begin);
  // ends_before() looks one back, so the rest may begin in the middle of the name.
  text.remove_prefix(end);
  return word;
}

bool same_word(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

std::string joined_words(std::string_view type, std::string_view glue) {
  std::string joined;
  joined.reserve(type.size() + 4);
  for (auto word = next_word(type); !word.empty(); word = next_word(type)) {
    if (!joined.empty()) joined += glue;
    for (const char c : word) joined += lower(c);
  }
  return joined;
}

// The words of a dotted text, kept as they are; a text without words has none.
class DottedWords {
 public:
  explicit DottedWords(std::string_view text) : text_{text}, at_{text.empty() ? kEnd : 0} {}

  bool done() const { return at_ == kEnd; }
  std::string_view word() const { return text_.substr(at_, text_.find('.', at_) - at_); }
  void advance() {
    const std::size_t dot = text_.find('.', at_);
    at_ = dot == text_.npos ? kEnd : dot + 1;
  }

 private:
  static constexpr std::size_t kEnd = std::string_view::npos;
  std::string_view text_;
  std::size_t at_;
};

}  // namespace

std::string dotted_type(std::string_view type) {
  return joined_words(type, ".");
}

std::string unsplit_type(std::string_view type) {
  return joined_words(type, "");
}

bool same_type(std::string_view left, std::string_view right) {
  if (left == right) return true;
  while (true) {
    const auto left_word = next_word(left);
    const auto right_word = next_word(right);
    if (!same_word(left_word, right_word)) return false;
    if (left_word.empty()) return true;
  }
}

bool pattern_matches(std::string_view pattern, std::string_view dotted) {
  DottedWords wanted{pattern};
  DottedWords found{dotted};
  // Where to go on when words do not match: behind the last `#`, which then takes one word more. Earlier ones need no
  // second try: what they could take instead, the last one takes as well.
  DottedWords wanted_again{""};
  DottedWords found_again{""};
  bool has_hash = false;
  while (!found.done() || !wanted.done()) {
    if (!wanted.done() && wanted.word() == "#") {
      wanted.advance();
      wanted_again = wanted;
      found_again = found;
      has_hash = true;
    } else if (!wanted.done() && !found.done() && (wanted.word() == "*" || wanted.word() == found.word())) {
      wanted.advance();
      found.advance();
    } else if (has_hash && !found_again.done()) {
      found_again.advance();
      found = found_again;
      wanted = wanted_again;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace tidings
