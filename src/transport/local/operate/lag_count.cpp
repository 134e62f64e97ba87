#include "transport/local/operate/lag_count.hpp"

#include <algorithm>
#include <map>

#include "transport/local/tables/dead_table.hpp"
#include "transport/local/tables/expiry.hpp"
#include "transport/local/tables/parked_table.hpp"
#include "transport/local/tables/record_codec.hpp"
#include "transport/local/tables/topic_stats.hpp"
#include "transport/local/tables/tree_walk.hpp"
#include "transport/local/tables/trial_table.hpp"
#include "transport/local/tables/unsettled.hpp"

namespace tidings::local {

using transport::LagState;
using transport::TopicState;

namespace {

// Walks the events from `from` on until `visit(sequence, header)` returns false.
template <class Visit>
Result<void> walk_events(Environment& environment, Sequence from, const Visit& visit) {
  const std::string first{reinterpret_cast<const char*>(&from), sizeof from};  // as Tree::events has its keys
  return walk_tree(environment, Tree::events, first, [&](Transaction&, Bytes key, Bytes value) {
    const auto header = decode_header(value);
    return !header || visit(ByteReader{key}.fixed<Sequence>(), *header);
  });
}

class Lag final {
 public:
  Lag(Environment& environment, const Catalog& catalog, Time now)
      : environment_{environment}, catalog_{catalog}, now_{now} {}

  Result<std::vector<LagState>> count(const std::function<void()>& begun) {
    const auto readings = read_groups();
    if (!readings) return readings.error();
    if (begun) begun();
    if (auto counted = count_parked(); !counted) return counted.error();
    if (auto counted = count_waiting(); !counted) return counted.error();
    if (auto counted = count_dead(); !counted) return counted.error();
    if (auto counted = count_unsettled(*readings); !counted) return counted.error();
    std::vector<LagState> all;
    for (auto& [key, state] : states_) all.push_back(std::move(state));
    return all;
  }

 private:
  Result<Readings> read_groups() {
    ReadTransaction transaction{environment_};
    Readings readings{transaction, catalog_};
    if (!transaction.status()) return transaction.status().error();
    for (const Reading& reading : readings.all()) {
      const std::string& topic = catalog_.find(reading.topic)->name;
      LagState& state = states_[{reading.group_name, topic}];
      state.group = reading.group_name;
      state.topic = topic;
      state.expired += expired_of(transaction, reading.group, reading.topic);
      names_[reading.group] = reading.group_name;
    }
    TreeCursor events{transaction, Tree::events};
    newest_ = events.last() ? events.sequence() : 0;
    return readings;
  }

  LagState* find(std::uint32_t group, std::uint32_t topic) {
    const auto name = names_.find(group);
    const TopicRow* row = catalog_.find(topic);
    return name == names_.end() || row == nullptr ? nullptr : find(name->second, row->name);
  }
  LagState* find(const std::string& group, const std::string& topic) {
    const auto state = states_.find({group, topic});
    return state == states_.end() ? nullptr : &state->second;
  }

  // The events from the first that any group has not settled to the newest when the groups were read: what came later
  // may be settled already, and the walk would not end where publishers are faster.
  Result<void> count_unsettled(const Readings& readings) {
    std::vector<std::vector<LagState*>> states(catalog_.topics().size() + 1);
    for (const TopicRow& topic : catalog_.topics()) {
      for (const Reading* reading : readings.of(topic.id)) states[topic.id].push_back(find(reading->group, topic.id));
    }
    return walk_events(environment_, readings.first_open(), [&](Sequence sequence, const RecordHeader& header) {
      if (sequence > newest_) return false;
      const auto& of_topic = readings.of(header.topic);
      for (std::size_t i = 0; i < of_topic.size(); ++i) {
        if (of_topic[i]->settled(header.partition, sequence)) continue;
        add(*states[header.topic][i], header.published);
      }
      return true;
    });
  }

  static void add(LagState& state, Time published) {
    ++state.unsettled;
    state.oldest = std::min(state.oldest.value_or(published), published);
  }

  Result<void> count_parked() {
    return walk_tree(environment_, Tree::parked, "", [&](Transaction& transaction, Bytes key, Bytes) {
      KeyReader in{key};
      ParkedKey parked;
      parked.group = in.u32();
      parked.partition = in.u32();
      parked.id = in.u64();
      const auto row = load_parked(transaction, parked);
      LagState* state = row ? find(parked.group, row->topic) : nullptr;
      if (state == nullptr) return true;
      const auto header = decode_header(row->stored);
      add(*state, header ? header->published : row->due);
      if (row->due > now_ || row->trial.attempts.due.value_or(now_) > now_) ++state->waiting;
      return true;
    });
  }

  Result<void> count_waiting() {
    return walk_tree(environment_, Tree::attempts, "", [&](Transaction&, Bytes key, Bytes value) {
      const TrialRow row = decode_trial_row(value);
      LagState* state = find(trial_key(key).group, row.topic);
      if (state != nullptr && row.trial.attempts.due.value_or(now_) > now_) ++state->waiting;
      return true;
    });
  }

  Result<void> count_dead() {
    return walk_tree(environment_, Tree::dead, "", [&](Transaction&, Bytes, Bytes value) {
      const DeadRow row = decode_dead(value);
      const TopicRow* topic = catalog_.find(row.topic);
      LagState* state = topic == nullptr ? nullptr : find(row.group, topic->name);
      if (state != nullptr) ++state->dead;
      return true;
    });
  }

  Environment& environment_;
  const Catalog& catalog_;
  const Time now_;
  std::map<std::pair<std::string, std::string>, LagState> states_;
  std::map<std::uint32_t, std::string> names_;
  Sequence newest_ = 0;
};

}  // namespace

Result<std::vector<LagState>> count_lag(Environment& environment, const Catalog& catalog, Time now,
                                        const std::function<void()>& begun) {
  return Lag{environment, catalog, now}.count(begun);
}

Result<std::vector<TopicState>> count_topics(Environment& environment, const Catalog& catalog) {
  std::vector<TopicState> states;
  std::size_t without_oldest = 0;
  {
    ReadTransaction transaction{environment};
    for (const TopicRow& topic : catalog.topics()) {
      const TopicStats stats = stats_of(transaction, topic.id);
      if (stats.records > 0) ++without_oldest;
      states.push_back({.name = topic.name,
                        .command = topic.command,
                        .partitions = static_cast<std::int32_t>(topic.partitions),
                        .records = stats.records,
                        .bytes = stats.bytes});
    }
    if (!transaction.status()) return transaction.status().error();
  }
  const auto walked = walk_events(environment, 0, [&](Sequence, const RecordHeader& header) {
    if (catalog.find(header.topic) == nullptr) return true;
    TopicState& state = states[header.topic - 1];
    if (state.records > 0 && !state.oldest) {
      state.oldest = header.published;
      --without_oldest;
    }
    return without_oldest > 0;
  });
  if (!walked) return walked.error();
  return states;
}

}  // namespace tidings::local
