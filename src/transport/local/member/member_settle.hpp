// The settlements of one settle() call, as one operation of the writer.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "tidings/transport/settlement.hpp"
#include "transport/local/member/local_member.hpp"
#include "transport/local/tables/dead_table.hpp"

namespace tidings::local {

class SettleOp final : public CommitOp {
 public:
  SettleOp(std::shared_ptr<Member> member, std::vector<transport::Settlement> settlements,
           transport::Consumer::Settled settled);

  void apply(Commit& commit) override;
  void finish(const Result<void>& outcome) override;
  std::size_t bytes() const override { return published_.bytes() + settlements_.size() * kSettlementBytes; }
  Time deadline() const override { return deadline_; }

 private:
  static constexpr std::size_t kSettlementBytes = 100;  // about, beside what it publishes

  friend class Member;

  // What finish() has to do in memory.
  enum class After { nothing, forget, give_back };
  struct Step {
    Result<void> result;
    After after = After::nothing;
    std::size_t first_published = 0;  // in published_
    std::optional<Trial> trial;       // of what is given back
  };

  void encode(std::size_t index);
  void apply_one(Commit& commit, std::size_t index);
  bool owned(Commit& commit, const InFlight& flight);
  std::optional<InFlight> begin(Token token) const;
  void settled(Commit& commit, std::size_t index, const InFlight& flight);

  Result<void> perform(Commit& commit, std::size_t index, const InFlight& flight, const transport::Accept& accept);
  Result<void> perform(Commit& commit, std::size_t index, const InFlight& flight, const transport::Retry& retry);
  Result<void> perform(Commit& commit, std::size_t index, const InFlight& flight, const transport::Bury& bury);
  Result<void> perform(Commit& commit, std::size_t index, const InFlight& flight, const transport::Release& release);
  Result<void> perform(Commit& commit, std::size_t index, const InFlight& flight, const transport::Skip& skip);
  Result<void> perform(Commit& commit, std::size_t index, const InFlight& flight, const transport::Mark& mark);

  // Where it lies now, and what is known of it: as a parked one, whichever it is.
  Result<ParkedRow> origin_of(Commit& commit, const InFlight& flight) const;
  void store(Commit& commit, std::size_t index, const InFlight& flight, const Trial& trial);
  bool is_gone(Commit& commit, const InFlight& flight) const;
  TrialKey trial_key(const InFlight& flight) const;
  ParkedKey parked_key(const InFlight& flight) const;

  const std::shared_ptr<Member> member_;
  const std::vector<transport::Settlement> settlements_;
  const transport::Consumer::Settled settled_;
  const Time deadline_;
  EncodedBatch published_;
  std::vector<Step> steps_;
  std::vector<std::optional<bool>> owned_;  // by partition, in this transaction
  Time parked_until_ = kNever;              // the earliest that this operation parked
  Result<void> outputs_;                    // refused for now: what follows must not overtake it
};

}  // namespace tidings::local
