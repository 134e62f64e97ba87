#include "transport/memory/graveyard.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"

namespace tidings::memory {

using transport::DeadFilter;
using transport::DeadLetter;

namespace {

bool passes(const DeadFilter& filter, const Buried& buried) {
  const DeadLetter& letter = buried.letter;
  const auto is = [](const std::string& wanted, const std::string& found) { return wanted.empty() || wanted == found; };
  return is(filter.group, letter.group) && is(filter.topic, buried.kept->record().topic) &&
         is(filter.type, buried.kept->record().type) && is(filter.reason, letter.reason) &&
         (!filter.since || letter.buried >= *filter.since);
}

}  // namespace

void Graveyard::bury(Buried buried) {
  // Sixteen digits sort as numbers do.
  buried.letter.id = fmt::format("{:016}", ++last_);
  auto id = buried.letter.id;
  bytes_ += buried.kept->bytes();
  buried_.emplace(std::move(id), std::move(buried));
}

std::vector<DeadLetter> Graveyard::browse(const DeadFilter& filter, std::string_view after, std::size_t limit) const {
  std::vector<DeadLetter> found;
  for (auto it = buried_.upper_bound(after); it != buried_.end() && found.size() < limit; ++it) {
    if (passes(filter, it->second)) found.push_back(letter_of(it->second));
  }
  return found;
}

const Buried* Graveyard::find(std::string_view id) const {
  const auto found = buried_.find(id);
  return found == buried_.end() ? nullptr : &found->second;
}

bool Graveyard::erase(std::string_view id) {
  const auto found = buried_.find(id);
  if (found == buried_.end()) return false;
  bytes_ -= found->second.kept->bytes();
  buried_.erase(found);
  return true;
}

void Graveyard::erase_group(std::string_view group) {
  std::erase_if(buried_, [&](const auto& item) {
    if (item.second.letter.group != group) return false;
    bytes_ -= item.second.kept->bytes();
    return true;
  });
}

std::uint64_t Graveyard::count(std::string_view group, std::string_view topic) const {
  return static_cast<std::uint64_t>(std::count_if(buried_.begin(), buried_.end(), [&](const auto& item) {
    return item.second.letter.group == group && item.second.kept->record().topic == topic;
  }));
}

DeadLetter Graveyard::letter_of(const Buried& buried) {
  DeadLetter letter = buried.letter;
  letter.record = buried.kept->record();
  if (flawed(Flaw::memory_bury_body)) letter.record.body.reset();
  if (flawed(Flaw::memory_bury_headers)) letter.record.headers.clear();
  return letter;
}

}  // namespace tidings::memory
