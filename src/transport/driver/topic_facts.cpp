#include "transport/driver/topic_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tidings::transport {

namespace {

constexpr std::string_view kTopics = "topic/";

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace

std::string topic_fact_key(std::string_view topic) {
  return std::string{kTopics} + std::string{topic};
}

std::string text_of(const TopicFact& fact) {
  std::string text;
  if (fact.command) text += "command=yes\n";
  if (fact.partitions) text += fmt::format("partitions={}\n", *fact.partitions);
  if (fact.generation != 0) text += fmt::format("generation={}\n", fact.generation);
  if (fact.next) text += fmt::format("next={}\n", *fact.next);
  if (fact.last) text += fmt::format("last={}\n", *fact.last);
  if (fact.retention.age) text += fmt::format("age={}\n", fact.retention.age->count());
  if (fact.retention.bytes) text += fmt::format("bytes={}\n", *fact.retention.bytes);
  return text;
}

TopicFact topic_fact(const ControlRecord& record) {
  TopicFact fact{.version = record.version};
  std::string_view text = record.value;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto name = line.substr(0, line.find('='));
    const auto value = line.substr(std::min(name.size() + 1, line.size()));
    if (name == "command") fact.command = value == "yes";
    if (name == "partitions") fact.partitions = number_of<std::int32_t>(value);
    if (name == "generation") fact.generation = number_of<std::uint32_t>(value).value_or(0);
    if (name == "next") fact.next = number_of<std::int32_t>(value);
    if (name == "last") fact.last = number_of<std::int32_t>(value);
    if (name == "bytes") fact.retention.bytes = number_of<std::uint64_t>(value);
    if (const auto age = number_of<std::int64_t>(value); name == "age" && age) fact.retention.age = Duration{*age};
  }
  return fact;
}

Result<TopicFact> TopicFacts::of(const std::string& topic) {
  const auto record = records_->get(topic_fact_key(topic));
  if (!record) return record.error();
  return *record ? topic_fact(**record) : TopicFact{};
}

Result<std::map<std::string, TopicFact>> TopicFacts::all() {
  const auto records = records_->list(kTopics);
  if (!records) return records.error();
  std::map<std::string, TopicFact> facts;
  for (const auto& record : *records) facts.emplace(record.key.substr(kTopics.size()), topic_fact(record));
  return facts;
}

Result<void> TopicFacts::put(const std::string& topic, const TopicFact& fact) {
  const auto put = records_->put(topic_fact_key(topic), text_of(fact), {.expected = fact.version});
  return put ? Result<void>{} : put.error();
}

}  // namespace tidings::transport
