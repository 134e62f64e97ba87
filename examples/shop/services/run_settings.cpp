#include "run_settings.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace shop {

using tidings::Result;
using namespace std::chrono_literals;

namespace {

template <class T>
Result<void> read_number(const char* name, T& value) {
  const char* text = std::getenv(name);
  if (text == nullptr) return {};
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error == std::errc{} && stop == end) return {};
  return tidings::invalid(fmt::format("the environment variable {} must be a number, found `{}`", name, text));
}

}  // namespace

tidings::On RunSettings::on(std::string pattern) const {
  return {.retry = {.attempts_max = 5, .delay_first = 50ms, .factor = 2.0},
          .pattern = std::move(pattern),
          .concurrency = concurrency};
}

Result<RunSettings> read_run_settings() {
  RunSettings settings;
  if (const char* directory = std::getenv("SHOP_DIR")) settings.directory = directory;
  if (auto read = read_number("SHOP_SEED", settings.seed); !read) return read.error();
  if (auto read = read_number("SHOP_CONCURRENCY", settings.concurrency); !read) return read.error();
  return settings;
}

}  // namespace shop
