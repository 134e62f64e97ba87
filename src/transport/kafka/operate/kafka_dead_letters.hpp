// DeadLetters on Kafka: read from `<topic>.dlq`, open as long as no state of theirs says otherwise.
//
// Threads: any. Blocks: on the broker.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/control/kafka_registrations.hpp"
#include "transport/kafka/format/dead_letter_id.hpp"
#include "transport/kafka/operate/dead_states.hpp"

namespace tidings::kafka {

class KafkaDeadLetters final : public transport::DeadLetters {
 public:
  KafkaDeadLetters(std::shared_ptr<Cluster> cluster, std::shared_ptr<Registrations> registrations)
      : cluster_{cluster}, registrations_{std::move(registrations)}, states_{std::move(cluster)} {}

  Result<std::vector<transport::DeadLetter>> browse(const transport::DeadFilter& filter, std::string_view after,
                                                    std::size_t limit) override;
  Result<std::optional<transport::DeadLetter>> show(std::string_view id) override;
  using transport::DeadLetters::discard;
  using transport::DeadLetters::replay;
  std::vector<Result<bool>> replay(std::span<const std::string> ids) override;
  std::vector<Result<bool>> discard(std::span<const std::string> ids) override;

  // Open ones, by group and topic.
  using Counts = std::map<std::pair<std::string, std::string>, std::uint64_t>;
  Result<Counts> count();

  // How many it has looked at so far, open or not.
  std::uint64_t looked_at() const { return looked_at_; }

 private:
  using Letters = std::map<std::string, transport::DeadLetter>;  // by id
  enum class Fate { replayed, discarded };

  // A partition of a topic of dead letters: what lies behind the floor, and how it is covered.
  struct Kept {
    OffsetSpan span;
    DeadStates::Place place;
    DeadCover cover;
  };

  // Visits open ones of these offsets, none of which is covered.
  Result<void> visit(std::span<const OffsetSpan> spans, const std::function<void(transport::DeadLetter)>& visit);
  Result<bool> is_removed(std::map<std::string, std::optional<Time>>& removed, const transport::DeadLetter& letter);
  bool is_open(const transport::DeadLetter& letter) const;
  Result<std::vector<Kept>> kept(std::span<const std::string> topics);
  Result<void> drop_of_others(std::vector<Kept>& kept);
  using Marks = std::vector<std::pair<OffsetSpan, DeadLetterId>>;
  Result<std::set<std::string>> those_there(const Marks& marks);
  Result<std::vector<Message>> cover(const std::set<std::string>& closed);
  Result<void> read(std::span<const OffsetSpan> spans, const std::function<bool(transport::DeadLetter)>& take);
  Result<std::vector<OffsetSpan>> all_since(std::optional<Time> buried);
  Result<Letters> find(std::span<const std::string> ids);
  std::vector<Result<bool>> close(std::span<const std::string> ids, Fate fate);
  Result<Message> replay_of(const transport::DeadLetter& letter);
  Result<std::set<std::string>> close_once(std::span<const std::string> ids, Fate fate);

  const std::shared_ptr<Cluster> cluster_;
  const std::shared_ptr<Registrations> registrations_;
  DeadStates states_;
  std::atomic<std::uint64_t> looked_at_{0};
};

}  // namespace tidings::kafka
