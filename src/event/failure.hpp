// Why a value could not be read or written, and where: built while the walk returns, so a walk that succeeds pays
// nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/whole_characters.hpp"
#include "tidings/result.hpp"

namespace tidings {

// The beginning of a text that an error message shows.
inline std::string shown(std::string_view text) {
  constexpr std::size_t shown_max = 40;
  return std::string{whole_characters(text, shown_max)} + (text.size() > shown_max ? "..." : "");
}

// Everything returns false, so that a walk ends in `return failure.set(...)` and `return failure.in_member(...)`.
class Failure final {
 public:
  bool set(ErrorKind kind, std::string reason) {
    kind_ = kind;
    reason_ = std::move(reason);
    path_.clear();
    return false;
  }

  bool in_member(std::string_view name) {
    const bool joined = !path_.empty() && path_.front() != '[';
    path_ = std::string{name} + (joined ? "." : "") + path_;
    return false;
  }

  bool in_element(std::size_t index) {
    const bool joined = !path_.empty() && path_.front() != '[';
    path_ = "[" + std::to_string(index) + (joined ? "]." : "]") + path_;
    return false;
  }

  // `data.items[3].price: expected number, found string`; `root` names the whole.
  Error error(std::string_view root) const {
    return {kind_, (path_.empty() ? std::string{root} : path_) + ": " + reason_};
  }

 private:
  ErrorKind kind_ = ErrorKind::invalid;
  std::string reason_;
  std::string path_;
};

}  // namespace tidings
