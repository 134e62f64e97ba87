#include "testing/listening_context.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "testing/finding_text.hpp"
#include "tidings/digest.hpp"
#include "tidings/json.hpp"

namespace tidings::testing {

namespace {

// What a Context does for handlers only it opens to its heirs, of whom we are one: so of any other Context, too.
struct Opened : Context {
  using Context::publish;
  using Context::transaction;
};
constexpr Result<void> (Context::*kPublish)(const EventType&, const void*, PublishOptions) = &Opened::publish;
constexpr void* (Context::*kTransaction)(std::type_index) = &Opened::transaction;

std::string key_of(const PublishOptions& options, const Context& context) {
  if (!options.key.empty()) return options.key;
  if (!options.aggregate_id.empty()) return options.aggregate_id;
  return std::string{context.key().value_or(context.aggregate_id())};
}

}  // namespace

Result<void> ListeningContext::publish(const EventType& type, const void* data, PublishOptions options) {
  const std::string key = key_of(options, inner_);
  const std::string id = options.id;
  if (auto published = (inner_.*kPublish)(type, data, std::move(options)); !published) return published;
  std::string json;
  if (auto written = append_json(json, Profile::kafka, type.data, data); !written) return written;
  const std::string kind = fmt::format("{} v{} key '{}'", type.info.type, type.info.version, key);
  lines_.push_back(id.empty() ? fmt::format("{} no. {}: {}", kind, ++counts_[kind], json)
                              : fmt::format("{} id '{}': {}", kind, id, json));
  return {};
}

void* ListeningContext::transaction(std::type_index type) {
  return (inner_.*kTransaction)(type);
}

Heard ListeningContext::heard() const {
  std::vector<std::string> sorted = lines_;
  std::ranges::sort(sorted);
  std::string all;
  for (const std::string& line : sorted) all += line + '\n';
  return {.digest = to_hex(sha256(all)), .text = all.empty() ? "nothing" : cut_text(all)};
}

}  // namespace tidings::testing
