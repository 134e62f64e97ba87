// Control and the operator's interfaces of a MemoryBroker.
//
// Threads: any. The broker outlives them: a MemoryTransport holds both.
#pragma once

#include "tidings/transport/transport.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::memory {

class SharedControl final : public transport::Control {
 public:
  explicit SharedControl(MemoryBroker& broker) : broker_{broker} {}
  Result<std::uint64_t> put(std::string_view key, std::optional<std::string_view> value,
                            const transport::PutOptions& options) override;
  Result<std::optional<transport::ControlRecord>> get(std::string_view key) override;
  Result<std::vector<transport::ControlRecord>> list(std::string_view prefix) override;
  Result<std::uint64_t> watch(std::uint64_t seen, Time deadline) override;

 private:
  MemoryBroker& broker_;
};

class MemoryTopology final : public transport::Topology {
 public:
  explicit MemoryTopology(MemoryBroker& broker) : broker_{broker} {}
  Result<std::vector<transport::TopicState>> topics() override;
  Result<std::vector<transport::GroupState>> groups() override;
  Result<std::vector<transport::LagState>> lag() override;
  Result<void> set_retention(std::string_view topic, const transport::Retention& change) override;
  Result<void> remove_group(std::string_view group) override;

 private:
  MemoryBroker& broker_;
};

class MemoryDeadLetters final : public transport::DeadLetters {
 public:
  explicit MemoryDeadLetters(MemoryBroker& broker) : broker_{broker} {}
  Result<std::vector<transport::DeadLetter>> browse(const transport::DeadFilter& filter, std::string_view after,
                                                    std::size_t limit) override;
  Result<std::optional<transport::DeadLetter>> show(std::string_view id) override;
  std::vector<Result<bool>> replay(std::span<const std::string> ids) override;
  std::vector<Result<bool>> discard(std::span<const std::string> ids) override;

 private:
  MemoryBroker& broker_;
};

class MemoryHistory final : public transport::History {
 public:
  explicit MemoryHistory(MemoryBroker& broker) : broker_{broker} {}
  Result<transport::Cursor> read(const transport::HistoryRange& range, const transport::Cursor& after,
                                 std::size_t limit,
                                 const std::function<bool(const transport::HistoryEntry&)>& visit) override;
  Result<void> wait(std::string_view topic, const transport::Cursor& after, Time deadline) override;
  Result<std::uint64_t> replay(const transport::HistoryRange& range, std::string_view group,
                               std::string_view replay_id) override;

 private:
  MemoryBroker& broker_;
};

}  // namespace tidings::memory
