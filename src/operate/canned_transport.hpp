// A transport for this room's tests that says what the test told it: states that a real one only gets into by accident
// (a stopped member, a dead letter of a given id) are values here.
//
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tidings/transport/transport.hpp"

namespace tidings::operate {

// One record as History knows it.
struct CannedRecord {
  transport::Record record;
  transport::Position position;
  Time published{};
};

struct Canned {
  std::vector<transport::TopicState> topics;
  std::vector<transport::GroupState> groups;
  std::vector<transport::LagState> lag;
  std::optional<transport::Repartition> repartition;  // none: partitions cannot be changed
  std::vector<transport::DeadLetter> dead;
  std::vector<CannedRecord> records;
  std::optional<transport::StoreState> store;
  std::vector<transport::Concern> concerns;
  std::optional<transport::Notice> notice;  // a consumer's first; then nothing comes any more
  Result<void> reachable;
  bool makes_backups = false;
  bool declares_only = false;         // it makes topics as they are declared
  std::set<std::string> refused_ids;  // publishing these is refused
  Error refusal = invalid("refused by the test");
  // what was done
  std::vector<transport::Record> published;
  std::vector<transport::Declaration> declared;
  std::vector<std::string> replayed;  // dead letters
  std::vector<std::string> discarded;
  std::vector<std::string> removed_groups;
  std::vector<transport::SubscriptionSpec> created_groups;
  std::vector<std::string> topics_changed;  // whose retention was set
  std::vector<std::int32_t> replications;   // of topics that were made by hand; 0: its own
  std::vector<std::string> backups;         // directories
  std::vector<std::string> erased_keys;     // of Control
  std::string replay_id;                    // of the last range replay
  Time reach_deadline{};
  std::size_t browsed_most = 0;  // dead letters asked for at once
};

class CannedTopology final : public transport::Topology {
 public:
  explicit CannedTopology(Canned& canned) : canned_{canned} {}
  Result<std::vector<transport::TopicState>> topics() override { return canned_.topics; }
  Result<std::vector<transport::GroupState>> groups() override { return canned_.groups; }
  Result<std::vector<transport::LagState>> lag() override { return canned_.lag; }
  Result<std::optional<transport::StoreState>> store() override { return canned_.store; }
  Result<std::vector<transport::Concern>> concerns() override { return canned_.concerns; }
  Result<void> set_retention(std::string_view topic, const transport::Retention& change) override {
    for (transport::TopicState& state : canned_.topics) {
      if (state.name != topic) continue;
      state.retention = transport::changed(state.retention, change);
      canned_.topics_changed.emplace_back(topic);
      return {};
    }
    return invalid("canned");
  }
  Result<transport::Repartition> repartition(std::string_view topic, std::int32_t partitions) override {
    if (!canned_.repartition) return Topology::repartition(topic, partitions);
    transport::Repartition change = *canned_.repartition;
    change.to = partitions;
    return change;
  }
  Result<void> create_topic(const transport::TopicSpec& topic, std::optional<std::int32_t> replication) override {
    if (canned_.declares_only) return unsupported("canned");
    for (const transport::TopicState& state : canned_.topics) {
      if (state.name != topic.name) continue;
      if (topic.partitions.value_or(state.partitions) == state.partitions) return {};
      return conflict("topic '" + topic.name + "' exists with other partitions");
    }
    canned_.topics.push_back({.name = topic.name,
                              .command = topic.command,
                              .partitions = topic.partitions.value_or(1),
                              .retention = topic.retention});
    canned_.replications.push_back(replication.value_or(0));
    return {};
  }
  Result<void> create_group(const transport::SubscriptionSpec& subscription) override {
    canned_.created_groups.push_back(subscription);
    return {};
  }
  Result<void> remove_group(std::string_view group) override {
    canned_.removed_groups.emplace_back(group);
    return {};
  }

 private:
  Canned& canned_;
};

class CannedDeadLetters final : public transport::DeadLetters {
 public:
  explicit CannedDeadLetters(Canned& canned) : canned_{canned} {}
  Result<std::vector<transport::DeadLetter>> browse(const transport::DeadFilter& filter, std::string_view after,
                                                    std::size_t limit) override {
    std::vector<transport::DeadLetter> found;
    canned_.browsed_most = std::max(canned_.browsed_most, limit);
    const auto is = [](const std::string& wanted, const std::string& value) {
      return wanted.empty() || wanted == value;
    };
    for (const transport::DeadLetter& letter : canned_.dead) {
      const bool taken = is(filter.group, letter.group) && is(filter.topic, letter.record.topic) &&
                         is(filter.type, letter.record.type) && is(filter.reason, letter.reason) &&
                         (!filter.since || letter.buried >= *filter.since);
      if (taken && letter.id > after && found.size() < limit) found.push_back(letter);
    }
    return found;
  }
  Result<std::optional<transport::DeadLetter>> show(std::string_view id) override {
    for (const transport::DeadLetter& letter : canned_.dead) {
      if (letter.id == id) return std::optional{letter};
    }
    return std::optional<transport::DeadLetter>{};
  }
  std::vector<Result<bool>> replay(std::span<const std::string> ids) override { return take(ids, canned_.replayed); }
  std::vector<Result<bool>> discard(std::span<const std::string> ids) override { return take(ids, canned_.discarded); }

 private:
  std::vector<Result<bool>> take(std::span<const std::string> ids, std::vector<std::string>& into) {
    std::vector<Result<bool>> taken;
    for (const std::string& id : ids) taken.push_back(take(id, into));
    return taken;
  }
  bool take(std::string_view id, std::vector<std::string>& into) {
    const auto is_it = [id](const transport::DeadLetter& letter) { return letter.id == id; };
    if (std::erase_if(canned_.dead, is_it) == 0) return false;
    into.emplace_back(id);
    return true;
  }

  Canned& canned_;
};

class CannedHistory final : public transport::History {
 public:
  explicit CannedHistory(Canned& canned) : canned_{canned} {}
  Result<transport::Cursor> read(const transport::HistoryRange& range, const transport::Cursor& cursor,
                                 std::size_t limit,
                                 const std::function<bool(const transport::HistoryEntry&)>& visit) override {
    std::int64_t after = cursor.empty() ? -1 : std::stoll(cursor);
    std::size_t visited = 0;
    for (std::size_t i = 0; i < canned_.records.size(); ++i) {
      const CannedRecord canned = canned_.records[i];  // a copy: `visit` may add more
      if (canned.position.offset <= after || !is_in(range, canned) || visited == limit) continue;
      after = canned.position.offset;
      ++visited;
      std::vector<transport::HeaderView> headers;
      for (const transport::Header& header : canned.record.headers) headers.push_back({header.name, header.value});
      if (!visit({view_of(canned.record, headers), canned.position, canned.published})) break;
    }
    return std::to_string(after);
  }
  Result<void> wait(std::string_view, const transport::Cursor&, Time) override { return {}; }
  Result<std::uint64_t> replay(const transport::HistoryRange& range, std::string_view,
                               std::string_view replay_id) override {
    canned_.replay_id = replay_id;
    const auto count = std::count_if(canned_.records.begin(), canned_.records.end(),
                                     [&](const CannedRecord& canned) { return is_in(range, canned); });
    return static_cast<std::uint64_t>(count);
  }

 private:
  static bool is_in(const transport::HistoryRange& range, const CannedRecord& canned) {
    return canned.record.topic == range.topic && (!range.from || canned.published >= *range.from) &&
           (!range.to || canned.published < *range.to) && (!range.key || canned.record.key == range.key);
  }
  static transport::RecordView view_of(const transport::Record& record,
                                       const std::vector<transport::HeaderView>& headers) {
    return {.topic = record.topic,
            .key = record.key,
            .id = record.id,
            .type = record.type,
            .correlation_id = record.correlation_id,
            .content_type = record.content_type,
            .time = record.time,
            .headers = headers,
            .broker_fields = record.broker_fields,
            .body = record.body};
  }

  Canned& canned_;
};

class CannedBackup final : public transport::Backup {
 public:
  explicit CannedBackup(Canned& canned) : canned_{canned} {}
  Result<transport::BackupState> make(const std::string& directory,
                                      const transport::BackupProgress& progress) override {
    if (!progress(1'000'000)) return unavailable("canned: stopped");
    canned_.backups.push_back(directory);
    return transport::BackupState{.directory = "/canned/" + directory, .begun = Time{}, .bytes = 12'345'678};
  }

 private:
  Canned& canned_;
};

class CannedPublisher final : public transport::Publisher {
 public:
  explicit CannedPublisher(Canned& canned) : canned_{canned} {}
  void send(std::vector<transport::Record> batch, Confirmed confirmed) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (canned_.refused_ids.count(batch[i].id) > 0) {
        confirmed(i, canned_.refusal);
        continue;
      }
      canned_.published.push_back(batch[i]);
      confirmed(i, {});
    }
  }
  Result<void> flush(Time) override { return {}; }

 private:
  Canned& canned_;
};

class CannedConsumer final : public transport::Consumer {
 public:
  explicit CannedConsumer(Canned& canned) : canned_{canned} {}
  Result<transport::Batch> receive(std::size_t, Time) override {
    if (!canned_.notice) return unavailable("canned");
    transport::Batch batch;
    batch.notices.push_back(*std::exchange(canned_.notice, std::nullopt));
    return batch;
  }
  void settle(std::vector<transport::Settlement> settlements, Settled settled) override {
    for (std::size_t i = 0; i < settlements.size(); ++i) settled(i, unavailable("canned"));
  }
  void set_flow(std::span<const transport::PartitionId>, Flow) override {}
  void wake() override {}

 private:
  Canned& canned_;
};

class CannedControl final : public transport::Control {
 public:
  explicit CannedControl(Canned& canned) : canned_{canned} {}
  Result<std::uint64_t> put(std::string_view key, std::optional<std::string_view> value,
                            const transport::PutOptions&) override {
    if (value) return unsupported("canned");
    canned_.erased_keys.emplace_back(key);
    return std::uint64_t{1};
  }
  Result<std::optional<transport::ControlRecord>> get(std::string_view) override {
    return std::optional<transport::ControlRecord>{};
  }
  Result<std::vector<transport::ControlRecord>> list(std::string_view) override {
    return std::vector<transport::ControlRecord>{};
  }
  Result<std::uint64_t> watch(std::uint64_t seen, Time) override { return seen; }

 private:
  Canned& canned_;
};

// The test keeps what is canned, and looks there for what was done.
class CannedTransport final : public transport::Transport {
 public:
  explicit CannedTransport(std::shared_ptr<Canned> canned) : canned_{std::move(canned)} {}

  const transport::Capabilities& capabilities() const override { return capabilities_; }
  Result<void> declare(const transport::Declaration& declaration) override {
    canned_->declared.push_back(declaration);
    return {};
  }
  Result<std::unique_ptr<transport::Publisher>> publisher(const transport::PublisherOptions&) override {
    return std::make_unique<CannedPublisher>(*canned_);
  }
  Result<std::unique_ptr<transport::Consumer>> consumer(const transport::SubscriptionSpec&) override {
    return std::make_unique<CannedConsumer>(*canned_);
  }
  transport::Control& control() override { return control_; }
  transport::Operator operations() override {
    return {&topology_, &dead_letters_, &history_, canned_->makes_backups ? &backup_ : nullptr};
  }
  Result<void> check(Time deadline) override {
    canned_->reach_deadline = deadline;
    return canned_->reachable;
  }

 private:
  std::shared_ptr<Canned> canned_;
  transport::Capabilities capabilities_{.scheme = "canned"};
  CannedTopology topology_{*canned_};
  CannedDeadLetters dead_letters_{*canned_};
  CannedHistory history_{*canned_};
  CannedBackup backup_{*canned_};
  CannedControl control_{*canned_};
};

}  // namespace tidings::operate
