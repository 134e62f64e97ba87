#include "transport/kafka/control/control_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/driver/control_sizes.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/format/control_message.hpp"

namespace tidings::kafka {

using transport::ControlRecord;
using transport::PutOptions;

namespace {

constexpr Duration kFollowWait = std::chrono::milliseconds{500};  // at the broker, while nothing comes
constexpr Duration kLook = std::chrono::milliseconds{50};         // whether to stop
constexpr Duration kRepairAfter = std::chrono::seconds{3};        // who put it repairs it at once, if alive
constexpr Duration kTendEvery = std::chrono::seconds{1};
constexpr Duration kSweepEvery = std::chrono::hours{1};
constexpr Duration kErasedKept = std::chrono::days{2};

std::string_view prefix_of(ControlSpace space) {
  return space == ControlSpace::users ? "c/" : "d/";
}
std::string key_of(ControlSpace space, std::string_view key) {
  return std::string{prefix_of(space)} + std::string{key};
}
std::size_t space_of(std::string_view key) {
  return key.starts_with(prefix_of(ControlSpace::users)) ? 0 : 1;
}
void strip(ControlRecord& record) {
  record.key.erase(0, prefix_of(ControlSpace::users).size());
}

std::string milliseconds_text(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

ControlLog::ControlLog(std::shared_ptr<Cluster> cluster)
    : cluster_{std::move(cluster)}, topic_{cluster_->names().control()}, changed_{cluster_->executor().condition()} {}

ControlLog::~ControlLog() {
  stopping_ = true;
  thread_.reset();
  if (producer_) producer_->close(cluster_->executor().now() + transport::kCloseWithin);
}

Result<void> ControlLog::start() {
  const std::lock_guard starting{starting_};
  if (started_) return {};
  return open();
}

Result<void> ControlLog::open() {
  const auto there = cluster_->partitions(topic_);
  if (!there) return there.error();
  if (!*there) {
    const NewTopic control{.name = topic_,
                           .partitions = 1,
                           .config = {{"cleanup.policy", "compact"},
                                      {"min.compaction.lag.ms", milliseconds_text(transport::kCompactionLag)},
                                      {"message.timestamp.type", "LogAppendTime"}}};
    if (auto created = create_topics(*cluster_, {&control, 1}); !created) return created;
  }
  auto producer = Producer::open(cluster_, {.deliver_within = kRequestWithin});
  if (!producer) return producer.error();
  auto reader = TopicReader::open(*cluster_, {.wait = kFollowWait});
  if (!reader) return reader.error();
  const auto begin = cluster_->offsets({{topic_, 0, 0}}, Bound::earliest);
  if (!begin) return begin.error();
  // An offset, not RD_KAFKA_OFFSET_BEGINNING: librdkafka looks that up half a second later.
  if (auto assigned = (*reader)->assign(*begin); !assigned) return assigned;
  producer_ = *std::move(producer);
  reader_ = *std::move(reader);
  read_before_ = begin->front().offset;
  swept_ = tended_ = cluster_->executor().now();
  thread_ = cluster_->executor().spawn("kafka-control", [this] { follow(); });
  started_ = true;
  return {};
}

// What others have put before now is seen, as if there were one place for all.
Result<void> ControlLog::catch_up() {
  if (auto started = start(); !started) return started;
  const auto end = cluster_->offsets({{topic_, 0, 0}}, Bound::latest);
  if (!end) return end.error();
  const std::int64_t offset = end->front().offset;
  std::unique_lock lock{mutex_};
  const auto read = [&] { return read_before_ >= offset; };
  if (changed_->wait_until(lock, cluster_->soon(), cluster_->executor(), read)) return {};
  return unavailable(fmt::format("could not read topic '{}' to its end in {} s: is its broker there?", topic_,
                                 std::chrono::duration_cast<std::chrono::seconds>(kRequestWithin).count()));
}

void ControlLog::follow() {
  while (!stopping_) {
    if (!read_once()) cluster_->executor().sleep_until(cluster_->executor().now() + kLook);
    tend();
  }
}

bool ControlLog::read_once() {
  const auto next = reader_->next(cluster_->executor().now() + kLook);
  if (!next) return false;
  const std::lock_guard lock{mutex_};
  if (next->message != nullptr) {
    if (const auto message = control_message(*next->message)) take(*message);
    read_before_ = next->message->offset + 1;
  } else if (next->end) {
    read_before_ = std::max(read_before_, next->end->offset);
  } else {
    return true;
  }
  changed_->notify_all();
  return true;
}

void ControlLog::take(const ControlMessage& message) {
  const bool counted = table_.apply(message, transport::earlier_by_age(message.appended, cluster_->executor().now()));
  if (counted && !message.keeps) last_change_[space_of(message.key)] = message.version + 1;
  const auto waiting = waiting_.find(message.token);
  if (message.token.empty() || waiting == waiting_.end()) return;
  waiting->second->version = message.version;
  waiting->second->counted = counted;
  waiting_.erase(waiting);
}

// What those left undone who are gone.
void ControlLog::tend() {
  const Time now = cluster_->executor().now();
  if (now < tended_ + kTendEvery) return;
  tended_ = now;
  std::vector<ControlMessage> needed;
  {
    const std::lock_guard lock{mutex_};
    needed = table_.repairs(now - kRepairAfter);
    if (now >= swept_ + kSweepEvery) {
      swept_ = now;
      table_.forget_erased(now - kErasedKept);
      for (auto& key : table_.expired(now - kSweepEvery)) needed.push_back({.key = std::move(key), .expected = 0});
    }
  }
  std::vector<Message> messages;
  for (const ControlMessage& message : needed) {
    messages.push_back({.topic = topic_, .record = record_of(message, topic_), .answered = [](const auto&) {}});
  }
  if (!messages.empty()) producer_->send(std::move(messages));
}

std::shared_ptr<ControlLog::Waiting> ControlLog::send(ControlMessage message) {
  auto waiting = std::make_shared<Waiting>();
  message.token = fmt::format("{:016x}", cluster_->executor().random());
  {
    const std::lock_guard lock{mutex_};
    waiting_.emplace(message.token, waiting);
  }
  const auto answered = [this, waiting, token = message.token](const Result<void>& outcome) {
    if (outcome) return;
    const std::lock_guard lock{mutex_};
    waiting->refused = outcome.error();
    waiting_.erase(token);
    changed_->notify_all();
  };
  std::vector<Message> messages;
  messages.push_back({.topic = topic_, .record = record_of(message, topic_), .answered = answered});
  producer_->send(std::move(messages));
  return waiting;
}

Result<std::uint64_t> ControlLog::wait_for(const std::shared_ptr<Waiting>& waiting, const ControlMessage& message) {
  std::unique_lock lock{mutex_};
  const auto known = [&] { return waiting->refused || waiting->version; };
  if (!changed_->wait_until(lock, cluster_->soon(), cluster_->executor(), known)) {
    std::erase_if(waiting_, [&](const auto& other) { return other.second == waiting; });
    return unavailable(fmt::format("control key '{}' was not confirmed in {} s: it may or may not have changed",
                                   message.key,
                                   std::chrono::duration_cast<std::chrono::seconds>(kRequestWithin).count()));
  }
  if (waiting->refused) return *waiting->refused;
  return *waiting->version;
}

Result<void> ControlLog::check_room(const std::string& key) {
  const std::lock_guard lock{mutex_};
  if (table_.contains(key) || table_.size() < kControlRecordsMax) return {};
  return overloaded(
      fmt::format("there are {} control records already, with those that were erased in the last two days: "
                  "erase some, or wait",
                  kControlRecordsMax));
}

Result<std::uint64_t> ControlLog::put(ControlSpace space, std::string_view key, std::optional<std::string_view> value,
                                      const PutOptions& options) {
  if (auto fits = transport::check_control_sizes(key, value); !fits) return fits.error();
  if (auto started = start(); !started) return started.error();
  ControlMessage message{.key = key_of(space, key), .expires = options.expires, .expected = options.expected};
  if (value) message.value = std::string{*value};
  if (auto room = check_room(message.key); value && !room) return room.error();
  const auto waiting = send(message);
  const auto version = wait_for(waiting, message);
  if (!version || waiting->counted) return version;

  std::optional<ControlMessage> repair;
  {
    const std::lock_guard lock{mutex_};
    repair = table_.repair_of(message.key);
  }
  // Before the answer: who puts once and ends leaves nothing behind for compaction to keep.
  if (repair) {
    if (const auto repaired = wait_for(send(*repair), *repair); !repaired) return repaired.error();
  }
  return conflict(
      fmt::format("control key '{}' is not at version {}: read it again", key, options.expected.value_or(0)));
}

Result<std::optional<ControlRecord>> ControlLog::get(ControlSpace space, std::string_view key) {
  if (auto ready = catch_up(); !ready) return ready.error();
  const std::lock_guard lock{mutex_};
  auto record = table_.get(key_of(space, key), cluster_->executor().now());
  if (record) strip(*record);
  return record;
}

Result<std::vector<ControlRecord>> ControlLog::list(ControlSpace space, std::string_view prefix) {
  if (auto ready = catch_up(); !ready) return ready.error();
  const std::lock_guard lock{mutex_};
  auto records = table_.list(key_of(space, prefix), cluster_->executor().now());
  for (ControlRecord& record : records) strip(record);
  return records;
}

Result<std::uint64_t> ControlLog::watch(ControlSpace space, std::uint64_t seen, Time deadline) {
  if (auto ready = catch_up(); !ready) return ready.error();
  const std::uint64_t& last = last_change_[space == ControlSpace::users ? 0 : 1];
  std::unique_lock lock{mutex_};
  changed_->wait_until(lock, deadline, cluster_->executor(), [&] { return last > seen; });
  return last;
}

}  // namespace tidings::kafka
