#include "tests/conformance/service/mortal_inbox.hpp"

namespace tidings::conformance {

namespace {

Error dead() {
  return unavailable("the process is dead");
}

// Refuses each so many-th commit.
class Refusals final {
 public:
  explicit Refusals(int every) : every_{every} {}
  bool refuses() { return every_ > 0 && ++commits_ % every_ == 0; }

 private:
  const int every_;
  int commits_ = 0;
};

class MortalTransaction final : public InboxTransaction {
 public:
  MortalTransaction(std::unique_ptr<InboxTransaction> transaction, std::shared_ptr<Mortal> mortal,
                    std::shared_ptr<Refusals> refusals)
      : transaction_{std::move(transaction)}, mortal_{std::move(mortal)}, refusals_{std::move(refusals)} {}

  Result<Admission> admit(const InboxKey& key) override {
    auto admission = transaction_->admit(key);
    return mortal_->pass("admitted") ? std::move(admission) : dead();
  }
  Result<void> keep(std::span<const transport::Record> outputs) override {
    auto kept = transaction_->keep(outputs);
    return mortal_->pass("kept") ? kept : dead();
  }
  Result<void> undo() override {
    auto undone = transaction_->undo();
    return mortal_->pass("undone") ? undone : dead();
  }
  Result<void> commit() override {
    if (mortal_->ended()) return dead();
    if (refusals_->refuses()) return unavailable("the commit was to be refused");
    auto committed = transaction_->commit();
    mortal_->pass("committed");
    return committed;
  }
  bool alive() const override { return transaction_->alive(); }
  void* handle() override { return transaction_->handle(); }
  std::type_index handle_type() const override { return transaction_->handle_type(); }

 private:
  const std::unique_ptr<InboxTransaction> transaction_;
  const std::shared_ptr<Mortal> mortal_;
  const std::shared_ptr<Refusals> refusals_;
};

class MortalInbox final : public Inbox {
 public:
  MortalInbox(std::shared_ptr<Inbox> inbox, std::shared_ptr<Mortal> mortal, int commits_refused)
      : inbox_{std::move(inbox)}, mortal_{std::move(mortal)}, refusals_{std::make_shared<Refusals>(commits_refused)} {}

  Result<std::string> store_id() override { return inbox_->store_id(); }
  const InboxLimits& limits() const override { return inbox_->limits(); }
  Result<std::unique_ptr<InboxTransaction>> begin(Time now) override {
    if (mortal_->ended()) return dead();
    auto begun = inbox_->begin(now);
    if (!begun) return begun.error();
    if (!mortal_->pass("begun")) return dead();
    return std::unique_ptr<InboxTransaction>{
        std::make_unique<MortalTransaction>(*std::move(begun), mortal_, refusals_)};
  }
  void confirmed(std::string_view group, std::string_view event_id, std::string_view replay_id) override {
    if (mortal_->pass("confirmed")) inbox_->confirmed(group, event_id, replay_id);
  }

 private:
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<Mortal> mortal_;
  const std::shared_ptr<Refusals> refusals_;
};

}  // namespace

std::shared_ptr<Inbox> mortal_inbox(std::shared_ptr<Inbox> inbox, std::shared_ptr<Mortal> mortal, int commits_refused) {
  return std::make_shared<MortalInbox>(std::move(inbox), std::move(mortal), commits_refused);
}

}  // namespace tidings::conformance
