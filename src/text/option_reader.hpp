// Reads the options of a transport URL, and gathers all that is wrong with them.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <span>
#include <string>
#include <string_view>

#include "tidings/names.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::text {

// The URL has to outlive it. What is missing or wrong leaves `to` as it was.
class OptionReader final {
 public:
  explicit OptionReader(const transport::Url& url) : url_{url} {}

  template <class Number>
  void number(std::string_view name, Number least, Number most, Number& to) {
    const std::string* text = find(name);
    if (text == nullptr) return;
    Number number{};
    const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (fault != std::errc{} || end != text->data() + text->size() || number < least || number > most) {
      return wrong(name, *text, fmt::format("{} to {}", least, most));
    }
    to = number;
  }
  void duration(std::string_view name, Duration least, Duration most, Duration& to);
  // Letters, digits, '.', '_' and '-', which stand in front of all names of a deployment.
  void prefix(std::string& to);
  // As the option says, if it is one of two words; `first`: it is the first of them.
  void choice(std::string_view name, std::string_view first, std::string_view second, bool& is_first);

  const std::string* find(std::string_view name) const;
  void wrong(std::string_view name, std::string_view value, std::string_view wanted);
  void say(std::string_view fault);
  const std::string& faults() const { return faults_; }

 private:
  const transport::Url& url_;
  std::string faults_;
};

}  // namespace tidings::text
