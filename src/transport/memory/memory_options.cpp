#include "transport/memory/memory_options.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace tidings::memory {

using transport::Url;
using transport::UrlOption;

namespace {

constexpr std::array<UrlOption, 3> kOptions{{
    {"records_max", "how many records are kept at most; default 1000000"},
    {"bytes_max", "how many bytes of records are kept at most; default 268435456"},
    {"partitions", "of a topic, 1 to 1024; default 16"},
}};

Result<void> read_number(const Url& url, std::string_view name, std::uint64_t max, auto& into) {
  const auto option = url.options.find(name);
  if (option == url.options.end()) return {};
  const std::string& text = option->second;
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size() || number == 0 || number > max) {
    return invalid(fmt::format("'{}={}' in the `memory:` URL: expected a number from 1 to {}", name, text, max));
  }
  into = static_cast<std::remove_reference_t<decltype(into)>>(number);
  return {};
}

}  // namespace

Result<MemoryOptions> memory_options(const Url& url) {
  if (auto known = transport::check_options(url, kOptions); !known) return known.error();
  if (!url.authority.empty()) return invalid("a `memory:` URL names no host: write `memory:`");
  MemoryOptions options;
  if (auto read = read_number(url, "records_max", INT64_MAX, options.records_max); !read) return read.error();
  if (auto read = read_number(url, "bytes_max", INT64_MAX, options.bytes_max); !read) return read.error();
  if (auto read = read_number(url, "partitions", kPartitionsMax, options.partitions); !read) return read.error();
  return options;
}

std::string describe_memory() {
  std::string text = "memory:[NAME][?option=value&...]  one process, gone with it; for tests";
  for (const UrlOption& option : kOptions) text += fmt::format("\n    {}: {}", option.name, option.meaning);
  return text;
}

}  // namespace tidings::memory
