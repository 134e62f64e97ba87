#include "transport/rabbitmq/consume/share_records.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tidings::rabbitmq {

namespace {

constexpr std::string_view kShare = "share/";
constexpr std::string_view kMember = "member/";
constexpr std::string_view kQueue = "queue/";

std::uint64_t number_of(std::string_view text, int base) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

// Lines `name=value`.
std::map<std::string_view, std::string_view> fields_of(std::string_view text) {
  std::map<std::string_view, std::string_view> fields;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto equals = line.find('=');
    if (equals != line.npos) fields[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return fields;
}

}  // namespace

std::string share_prefix(std::string_view name) {
  return fmt::format("{}{}/", kShare, name);
}
std::string member_key(std::string_view name, std::string_view instance) {
  return fmt::format("{}{}{}", share_prefix(name), kMember, instance);
}
std::string queue_key(std::string_view name, std::size_t queue) {
  return fmt::format("{}{}{}", share_prefix(name), kQueue, queue);
}

std::string text_of(const QueueRecord& record) {
  std::string text = fmt::format("instance={}\nlife={:016x}\nslot={}\nprefetch={}\n", record.instance, record.life,
                                 record.slot, record.prefetch);
  text += record.held ? "state=held\n" : "state=left\n";
  if (record.suspects) text += "suspects=yes\n";
  return text;
}

std::string text_of(const MemberRecord& record) {
  return fmt::format("life={:016x}\n", record.life);
}

std::optional<SharePlace> share_place(const transport::ControlRecord& record) {
  std::string_view key = record.key;
  if (!key.starts_with(kShare)) return std::nullopt;
  key.remove_prefix(kShare.size());
  for (const std::string_view kind : {kMember, kQueue}) {
    const auto at = key.find(fmt::format("/{}", kind));
    if (at == key.npos) continue;
    const auto rest = key.substr(at + 1 + kind.size());
    const auto fields = fields_of(record.value);
    const auto had = fields.find("instance");
    const auto instance = kind == kMember ? rest : had == fields.end() ? std::string_view{} : had->second;
    return SharePlace{.name = std::string{key.substr(0, at)}, .instance = std::string{instance}};
  }
  return std::nullopt;
}

ShareRecords share_records(std::string_view name, std::size_t queues,
                           const std::vector<transport::ControlRecord>& records) {
  ShareRecords share{.members = {}, .queues = std::vector<QueueRecord>(queues)};
  const std::size_t prefix = share_prefix(name).size();
  for (const transport::ControlRecord& record : records) {
    const std::string_view key = std::string_view{record.key}.substr(prefix);
    const auto fields = fields_of(record.value);
    const auto field = [&](std::string_view wanted) {
      const auto found = fields.find(wanted);
      return found == fields.end() ? std::string_view{} : found->second;
    };
    if (key.starts_with(kMember)) {
      share.members[std::string{key.substr(kMember.size())}] = {.life = number_of(field("life"), 16),
                                                                .version = record.version};
    } else if (key.starts_with(kQueue)) {
      const auto queue = number_of(key.substr(kQueue.size()), 10);
      if (queue >= queues) continue;
      share.queues[queue] = {.instance = std::string{field("instance")},
                             .life = number_of(field("life"), 16),
                             .slot = number_of(field("slot"), 10),
                             .prefetch = static_cast<std::uint16_t>(number_of(field("prefetch"), 10)),
                             .held = field("state") == "held",
                             .suspects = field("suspects") == "yes",
                             .version = record.version};
    }
  }
  return share;
}

}  // namespace tidings::rabbitmq
