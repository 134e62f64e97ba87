#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/fuzz/input_parts.hpp"
#include "tests/fuzz/targets.hpp"
#include "transport/driver/control_records.hpp"
#include "transport/driver/group_record.hpp"
#include "transport/driver/pattern_topics.hpp"
#include "transport/driver/topic_facts.hpp"
#ifdef TIDINGS_FUZZ_RABBITMQ
#include "transport/rabbitmq/consume/amqp_holdings.hpp"
#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/consume/trials.hpp"
#endif

namespace tidings::fuzz {
namespace {

using transport::ControlMessage;
using transport::ControlRecord;
using transport::ControlRecords;

// What of a value is understood is written, and understood as the same.
void comes_back(std::string_view value, const auto& read) {
  const auto first = read(value);
  hold(read(text_of(first)) == first, "what is understood of a control record comes back as it was");
}

void check_values(std::string_view key, std::string_view value) {
  comes_back(value, [](std::string_view text) { return transport::group_record("billing", text); });
  comes_back(value, [](std::string_view text) {
    return transport::topic_fact(ControlRecord{.key = "topic/orders", .value = std::string{text}, .version = 7});
  });
  if (const auto published = transport::published_from_key(key)) {
    const auto written = transport::published_key(*published);
    says_why(written, key);
    hold(!written || *written == key, "a published type has one key");
  }
}

#ifdef TIDINGS_FUZZ_RABBITMQ
void check_rabbitmq(std::string_view key, std::string_view value) {
  const auto attempts = rabbitmq::attempts_of(value);
  hold(rabbitmq::attempts_of(rabbitmq::text_of(attempts)) == attempts, "what was tried comes back as it was");
  static_cast<void>(rabbitmq::queues_in_trial(key));
  const ControlRecord record{.key = std::string{key}, .value = std::string{value}, .version = 7};
  static_cast<void>(rabbitmq::share_place(record));
  std::vector<ControlRecord> records{record};
  for (const std::string& name :
       {rabbitmq::member_key("orders.billing", "a"), rabbitmq::queue_key("orders.billing", 1)})
    records.push_back({.key = name, .value = record.value, .version = 8});
  std::erase_if(records, [](const ControlRecord& each) { return !each.key.starts_with("share/orders.billing/"); });
  const auto share = rabbitmq::share_records("orders.billing", 4, records);
  hold(share.queues.size() == 4, "there are as many queues as were asked for");
  comes_back(value, [](std::string_view text) {
    const ControlRecord had{.key = rabbitmq::queue_key("q", 0), .value = std::string{text}, .version = 8};
    return rabbitmq::share_records("q", 1, {had}).queues[0];
  });
  rabbitmq::Holdings holdings;
  rabbitmq::add_holdings(holdings, value);
}
#else
void check_rabbitmq(std::string_view, std::string_view) {}
#endif

// A message of a log, as its bytes say. Few keys and versions, so that many are about the same.
ControlMessage message_of(InputParts& parts, std::uint64_t version) {
  const unsigned flags = parts.byte();
  ControlMessage message{.key = fmt::format("k{}", parts.byte() % 3)};
  const auto near = [&] { return version - std::min<std::uint64_t>(version, parts.byte() % 4u); };
  if ((flags & 1u) != 0) message.value = std::string(parts.byte() % 8u, 'v');
  if ((flags & 2u) != 0) message.expected = (flags & 4u) != 0 ? 0 : near();
  if ((flags & 8u) != 0) message.keeps = near();
  if (message.keeps) message.repairs = near();
  message.appended = Time{std::chrono::seconds{version}};
  if ((flags & 16u) != 0) message.expires = message.appended + std::chrono::seconds{parts.byte() % 8u};
  message.version = version;
  message.position = version * 10;
  return message;
}

// A log, read to its end: what is there is what get() and list() say, and a repair says again what is there.
void check_log(std::string_view input) {
  InputParts parts{input};
  ControlRecords records;
  std::uint64_t version = 0;
  while (!parts.done()) records.apply(message_of(parts, ++version), transport::Earlier::was_read);
  const Time now{std::chrono::seconds{version}};
  const auto listed = records.list("", now);
  for (const ControlRecord& record : listed) {
    const auto got = records.get(record.key, now);
    hold(got && got->version == record.version && got->value == record.value, "what is listed is there");
    hold(record.version <= version, "no version is greater than the last");
  }
  std::size_t bytes = 0;
  for (const ControlRecord& record : records.list("", Time{})) {
    bytes += transport::kControlMessageBytes + record.key.size() + record.value.size();
  }
  hold(bytes == records.bytes(), "bytes are those of what is there");
  for (ControlMessage repair : records.repairs(now + std::chrono::seconds{1})) {
    const auto before = records.get(repair.key, now);
    repair.version = ++version;
    repair.appended = now;
    hold(records.apply(repair, transport::Earlier::was_read), "a repair counts");
    const auto after = records.get(repair.key, now);
    hold(before.has_value() == after.has_value(), "a repair changes nothing");
    if (after) hold(after->version == before->version && after->value == before->value, "a repair changes nothing");
  }
  hold(records.repairs(now + std::chrono::seconds{1}).empty(), "what is repaired needs no repair");
  records.forget_erased(now);
  hold(records.list("", now).size() == listed.size(), "what is there is not forgotten");
}

}  // namespace

// The first byte: a log of messages, or one record with its key.
void control(std::string_view input) {
  InputParts parts{input};
  if (parts.byte() % 2 == 1) return check_log(parts.rest());
  const std::string_view key = parts.until('\0'), value = parts.rest();
  check_values(key, value);
  check_rabbitmq(key, value);
}

}  // namespace tidings::fuzz
