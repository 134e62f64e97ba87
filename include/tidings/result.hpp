// Result<T>: a value, or an Error that says what the caller should do.
//
// Threads: values, like std::string.
// Source:  a thin class over tl::expected; ADR 0001 says why not tl::expected itself.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace tidings {

// What the caller should do about an error.
enum class ErrorKind {
  invalid,      // the input or the program is wrong: mend it, a repetition cannot help
  unavailable,  // something outside is gone or failed: try again later
  overloaded,   // a named limit was reached: wait for room, then try again
  conflict,     // somebody else changed or owns it: look again, then decide
  corrupt,      // stored or received bytes are damaged: keep them, look at them
  unsupported,  // not offered here: choose another way
};

// The kind's name as it stands in logs, dead letters and JSON ("invalid", ...).
std::string_view to_string(ErrorKind kind);

// `message` says what happened, to what, and what to change.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::unavailable;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

inline Error invalid(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}
inline Error unavailable(std::string message) {
  return {ErrorKind::unavailable, std::move(message)};
}
inline Error overloaded(std::string message) {
  return {ErrorKind::overloaded, std::move(message)};
}
inline Error conflict(std::string message) {
  return {ErrorKind::conflict, std::move(message)};
}
inline Error corrupt(std::string message) {
  return {ErrorKind::corrupt, std::move(message)};
}
inline Error unsupported(std::string message) {
  return {ErrorKind::unsupported, std::move(message)};
}

namespace detail {
// Ends the program, with the error's text on stderr.
[[noreturn]] void end_for_want_of_a_value(const Error& error);
}  // namespace detail

// A T or an Error; convertible from both, so functions end in `return value;` or `return invalid("...");`.
// value() of an error ends the program with the error's text. To use it by `*` or `->`, or the error of a value, is a
// programming error, and undefined.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(Error error) : state_{tl::unexpect, std::move(error)} {}

  template <class U = T>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, Error> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : state_{T(std::forward<U>(value))} {}

  explicit operator bool() const { return state_.has_value(); }

  T& value() & {
    check();
    return *state_;
  }
  const T& value() const& {
    check();
    return *state_;
  }
  T&& value() && {
    check();
    return *std::move(state_);
  }
  T& operator*() & { return *state_; }
  const T& operator*() const& { return *state_; }
  T&& operator*() && { return *std::move(state_); }
  T* operator->() { return &*state_; }
  const T* operator->() const { return &*state_; }

  const Error& error() const { return state_.error(); }

  template <class U>
  T value_or(U&& other) const& {
    return state_.value_or(std::forward<U>(other));
  }

 private:
  void check() const {
    if (!state_) detail::end_for_want_of_a_value(state_.error());
  }

  tl::expected<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : state_{tl::unexpect, std::move(error)} {}

  explicit operator bool() const { return state_.has_value(); }
  const Error& error() const { return state_.error(); }

 private:
  tl::expected<void, Error> state_;
};

}  // namespace tidings

#pragma GCC visibility pop
