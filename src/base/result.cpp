#include "tidings/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace tidings {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::overloaded:
      return "overloaded";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::unsupported:
      return "unsupported";
  }
  return "invalid";
}

void detail::end_for_want_of_a_value(const Error& error) {
  std::fprintf(stderr, "the value of a result was used, and it is an error: %s: %s\n",
               std::string{to_string(error.kind)}.c_str(), error.message.c_str());
  std::abort();
}

}  // namespace tidings
