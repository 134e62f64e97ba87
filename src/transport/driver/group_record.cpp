#include "transport/driver/group_record.hpp"

#include <fmt/format.h>

#include <charconv>

#include "tidings/time_text.hpp"

namespace tidings::transport {

namespace {

constexpr std::string_view kTopic = "topic";
constexpr std::string_view kPattern = "pattern";
constexpr std::string_view kMember = "member";

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(by);
    parts.emplace_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

GroupSubscription subscription_of(const std::vector<std::string>& fields) {
  GroupSubscription subscription;
  (fields[0] == kTopic ? subscription.topic : subscription.pattern) = fields[1];
  subscription.sharing = fields[2] == "broadcast" ? Sharing::broadcast : Sharing::shared;
  if (!fields[3].empty()) subscription.extra_topics = split(fields[3], ',');
  if (fields.size() > 4) subscription.queue = fields[4];
  return subscription;
}

GroupMember member_of(const std::vector<std::string>& fields) {
  GroupMember member{.instance = fields[1], .host = fields[2]};
  std::from_chars(fields[3].data(), fields[3].data() + fields[3].size(), member.pid);
  member.joined = time_of(fields[4]).value_or(Time{});
  return member;
}

}  // namespace

std::string text_of(const GroupRecord& record) {
  std::string text;
  for (const auto& subscription : record.subscriptions) {
    text += fmt::format("{}\t{}\t{}\t{}", subscription.topic.empty() ? kPattern : kTopic, subscription.name(),
                        subscription.sharing == Sharing::broadcast ? "broadcast" : "shared",
                        fmt::join(subscription.extra_topics, ","));
    text += subscription.queue.empty() ? "\n" : "\t" + subscription.queue + "\n";
    for (const auto& member : subscription.members) {
      text += fmt::format("{}\t{}\t{}\t{}\t{}\n", kMember, member.instance, member.host, member.pid,
                          to_text(member.joined));
    }
  }
  return text;
}

GroupRecord group_record(std::string_view group, std::string_view text) {
  GroupRecord record{.group = std::string{group}};
  for (const std::string& line : split(text, '\n')) {
    const auto fields = split(line, '\t');
    if ((fields[0] == kTopic || fields[0] == kPattern) && fields.size() >= 4) {
      record.subscriptions.push_back(subscription_of(fields));
    } else if (fields[0] == kMember && fields.size() >= 5 && !record.subscriptions.empty()) {
      record.subscriptions.back().members.push_back(member_of(fields));
    }
  }
  return record;
}

}  // namespace tidings::transport
