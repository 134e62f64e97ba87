#include "transport/local/local_publisher.hpp"

#include <fmt/format.h>

#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "base/flaw.hpp"
#include "transport/local/limits.hpp"

namespace tidings::local {

using transport::Publisher;
using transport::PublisherOptions;
using transport::Record;

namespace {

// What was sent and is not confirmed. Outlives the publisher: the writer completes it.
class Outbound final {
 public:
  explicit Outbound(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}

  // overloaded: one of the limits is reached.
  Result<void> enter(std::size_t bytes, const PublisherOptions& options) {
    const std::lock_guard lock{mutex_};
    const bool full = records_ == options.buffer_records_max || bytes_ + bytes > options.buffer_bytes_max;
    if (full && !flawed(Flaw::local_buffer_endless)) {
      return overloaded(
          fmt::format("the publisher's buffer is full ({} records, {} bytes wait); wait for "
                      "confirmations, or raise buffer_records_max or buffer_bytes_max",
                      records_, bytes_));
    }
    ++records_;
    bytes_ += bytes;
    return {};
  }

  // For what has entered and goes to the writer together.
  std::uint64_t ticket() {
    const std::lock_guard lock{mutex_};
    waiting_.push_back(++tickets_);
    return tickets_;
  }

  void leave(std::uint64_t ticket, std::size_t records, std::size_t bytes) {
    const std::lock_guard lock{mutex_};
    records_ -= records;
    bytes_ -= bytes;
    std::erase(waiting_, ticket);
    changed_->notify_all();
  }

  bool wait(Time deadline) {
    std::unique_lock lock{mutex_};
    const std::uint64_t last = tickets_;
    return changed_->wait_until(lock, deadline, executor_, [&] { return waiting_.empty() || waiting_.front() > last; });
  }

 private:
  Executor& executor_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t tickets_ = 0;
  std::deque<std::uint64_t> waiting_;  // tickets, ascending
};

struct Sending {
  std::shared_ptr<Outbound> outbound;
  std::uint64_t ticket = 0;
  EncodedBatch batch;
  std::vector<std::size_t> indexes;  // in the caller's batch
  std::size_t counted_bytes = 0;
  Publisher::Confirmed confirmed;
  Time deadline{};
};

class PublishOp final : public CommitOp {
 public:
  explicit PublishOp(Sending sending) : sending_{std::move(sending)} {}

  void apply(Commit& commit) override {
    room_ = commit.room_for(Room::publish, sending_.batch.bytes());
    if (!room_) return;
    for (std::size_t i = 0; i < sending_.batch.size(); ++i) commit.append(sending_.batch.at(i));
  }

  void finish(const Result<void>& outcome) override {
    const Result<void>& result = outcome ? room_ : outcome;
    for (const std::size_t index : sending_.indexes) sending_.confirmed(index, result);
    sending_.outbound->leave(sending_.ticket, sending_.indexes.size(), sending_.counted_bytes);
  }

  std::size_t bytes() const override { return sending_.batch.bytes(); }
  bool calls_out() const override { return true; }
  Time deadline() const override { return sending_.deadline; }

 private:
  Sending sending_;
  Result<void> room_;
};

class LocalPublisher final : public Publisher {
 public:
  LocalPublisher(std::shared_ptr<Store> store, const PublisherOptions& options)
      : store_{std::move(store)}, options_{options}, outbound_{std::make_shared<Outbound>(store_->executor())} {}
  ~LocalPublisher() override { outbound_->wait(store_->now() + transport::kCloseWithin); }

  void send(std::vector<Record> batch, Confirmed confirmed) override {
    Sending sending{.outbound = outbound_, .deadline = store_->now() + options_.deliver_within};
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (auto added = add(batch[i], sending); !added) {
        confirmed(i, added);
      } else {
        sending.indexes.push_back(i);
      }
    }
    if (sending.indexes.empty()) return;
    sending.ticket = outbound_->ticket();
    sending.confirmed = std::move(confirmed);
    store_->committer().submit(std::make_shared<PublishOp>(std::move(sending)));
  }

  Result<void> flush(Time deadline) override {
    if (outbound_->wait(deadline)) return {};
    return unavailable("not all that was sent is confirmed by the deadline; it may be later");
  }

 private:
  Result<void> add(const Record& record, Sending& sending) {
    const std::size_t bytes = transport::size_of(record);
    if (auto entered = outbound_->enter(bytes, options_); !entered) return entered;
    if (auto added = add_record(*store_, record, sending.batch); !added) {
      outbound_->leave(0, 1, bytes);
      return added;
    }
    sending.counted_bytes += bytes;
    return {};
  }

  const std::shared_ptr<Store> store_;
  const PublisherOptions options_;
  const std::shared_ptr<Outbound> outbound_;
};

}  // namespace

Result<void> add_record(Store& store, const Record& record, EncodedBatch& batch) {
  if (const std::size_t bytes = transport::size_of(record); bytes > kRecordBytesMax) {
    return invalid(
        fmt::format("a record of {} bytes for topic '{}' is too large: the most is {}; publish a reference "
                    "to the data",
                    bytes, record.topic, kRecordBytesMax));
  }
  auto catalog = store.catalog();
  const TopicRow* topic = catalog->find(record.topic);
  if (topic == nullptr) {
    catalog = store.fresh_catalog();
    topic = catalog->find(record.topic);
  }
  if (topic == nullptr) {
    return invalid(fmt::format("topic '{}' is not declared; declare it before publishing to it", record.topic));
  }
  const std::uint32_t partition = record.key
                                      ? partition_of(*record.key, topic->partitions)
                                      : static_cast<std::uint32_t>(store.executor().random() % topic->partitions);
  batch.add(record, topic->id, partition);
  return {};
}

std::unique_ptr<Publisher> make_publisher(std::shared_ptr<Store> store, const PublisherOptions& options) {
  return std::make_unique<LocalPublisher>(std::move(store), options);
}

}  // namespace tidings::local
