#include "transport/local/storage/local_options.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <vector>

#include "transport/local/storage/limits.hpp"

namespace tidings::local {

using transport::Url;
using transport::UrlOption;

namespace {

constexpr std::array<UrlOption, 4> kOptions{{
    {"sync",
     "what a commit waits for: commit (the disk; default), meta (a power cut may undo the last commit), none "
     "(a power cut may make the store unusable)"},
    {"size_max", "bytes, with K, M, G or T; default 10G: beyond it publishes are refused"},
    {"partitions", "1 to 1024, fixed when the store is created; default 64"},
    {"retention", "how long settled events are kept where their topic says nothing: 90s, 15m, 12h, 7d; default 7d"},
}};

struct Unit {
  char suffix;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kSizes{{{'K', 1ull << 10}, {'M', 1ull << 20}, {'G', 1ull << 30}, {'T', 1ull << 40}}};
constexpr std::array<Unit, 4> kTimes{{{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}}};

// A whole number and, where `units` are given, one of their suffixes.
std::optional<std::uint64_t> number_of(std::string_view text, std::span<const Unit> units = {}) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{}) return std::nullopt;
  const std::string_view suffix{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  if (suffix.empty()) return number;
  for (const Unit& unit : units) {
    if (suffix.size() == 1 && suffix[0] == unit.suffix && number <= UINT64_MAX / unit.factor) {
      return number * unit.factor;
    }
  }
  return std::nullopt;
}

class Faults final {
 public:
  void add(std::string_view name, std::string_view value, std::string_view wanted) {
    text_ += fmt::format("{}'{}={}': expected {}", text_.empty() ? "" : "; ", name, value, wanted);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::optional<Sync> sync_of(std::string_view text) {
  if (text == "commit") return Sync::commit;
  if (text == "meta") return Sync::meta;
  if (text == "none") return Sync::none;
  return std::nullopt;
}

void take_option(Options& options, const std::string& name, const std::string& value, Faults& faults) {
  if (name == "sync") {
    const auto sync = sync_of(value);
    if (!sync) return faults.add(name, value, "commit, meta or none");
    options.sync = *sync;
  } else if (name == "size_max") {
    options.size_max = number_of(value, kSizes);
    if (!options.size_max || *options.size_max < kSizeMaxLeast) faults.add(name, value, "1M or more, say 10G");
  } else if (name == "partitions") {
    const auto number = number_of(value);
    if (!number || *number < 1 || *number > kPartitionsMax) return faults.add(name, value, "1 to 1024");
    options.partitions = static_cast<std::uint32_t>(*number);
  } else if (name == "retention") {
    const auto seconds = number_of(value, kTimes);
    if (!seconds || *seconds == 0 || *seconds > kRetentionSecondsMax) return faults.add(name, value, "say 7d or 12h");
    options.retention = std::chrono::seconds{*seconds};
  }
}

}  // namespace

std::string describe_local() {
  std::string text = "local:DIR[?option=value&...]  durable, several processes in one directory, no server";
  for (const UrlOption& option : kOptions) text += fmt::format("\n    {}: {}", option.name, option.meaning);
  return text;
}

Result<Options> options_from(const Url& url) {
  if (auto known = transport::check_options(url, kOptions); !known) return known.error();
  if (!url.authority.empty() || url.path.empty()) {
    return invalid("a `local:` URL names a directory: write `local:./events` or `local:/var/lib/shop/events`");
  }
  Options options{.directory = url.path};
  Faults faults;
  for (const auto& [name, value] : url.options) take_option(options, name, value, faults);
  if (!faults.text().empty()) return invalid(fmt::format("in the `local:` URL: {}", faults.text()));
  return options;
}

}  // namespace tidings::local
