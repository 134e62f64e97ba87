// For tests: a store of one's own, opened as users do, with a look behind it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scratch_directory.hpp"
#include "transport/local/local_transport.hpp"
#include "transport/local/store/local_store.hpp"
#include "transport/local/store/store_registry.hpp"

namespace tidings::local {

class StoreLab : public ::testing::Test {
 protected:
  explicit StoreLab(std::map<std::string, std::string, std::less<>> options = {}) : options_{std::move(options)} {
    open();
  }

  transport::Url url() const { return {.scheme = "local", .path = directory_, .options = options_}; }
  void open() { transport_ = open_local(url(), executor_).value(); }
  void close() { transport_.reset(); }  // publishers and consumers must be gone
  Store& store() { return *shared_store(*options_from(url()), executor_).value(); }

  void declare(const transport::TopicSpec& topic) {
    const auto declared = transport_->declare({.topics = {topic}});
    ASSERT_TRUE(declared) << declared.error().message;
  }
  static transport::Record numbered(int number, std::size_t bytes = 10, const std::string& topic = "orders") {
    return {.topic = topic,
            .key = "key-" + std::to_string(number % 4),
            .id = std::to_string(number),
            .type = "Numbered",
            .body = std::string(bytes, 'x')};
  }
  // Publishes the numbers from `first` on; returns how many were confirmed.
  int publish(int first, int count, std::size_t bytes = 10, const std::string& topic = "orders") {
    std::vector<transport::Record> records;
    for (int i = first; i < first + count; ++i) records.push_back(numbered(i, bytes, topic));
    std::atomic<int> confirmed = 0;
    const auto publisher = transport_->publisher({}).value();
    publisher->send(std::move(records), [&](std::size_t, const Result<void>& outcome) { confirmed += bool{outcome}; });
    EXPECT_TRUE(publisher->flush(late()));
    return confirmed;
  }
  std::unique_ptr<transport::Consumer> join(const transport::SubscriptionSpec& spec) {
    return transport_->consumer(spec).value();
  }
  std::vector<transport::Delivery> receive(transport::Consumer& consumer, std::size_t count) {
    std::vector<transport::Delivery> deliveries;
    const Time deadline = late();
    while (deliveries.size() < count && executor_->now() < deadline) {
      auto batch = consumer.receive(count - deliveries.size(), deadline);
      EXPECT_TRUE(batch) << batch.error().message;
      if (!batch) break;
      std::move(batch->deliveries.begin(), batch->deliveries.end(), std::back_inserter(deliveries));
    }
    EXPECT_EQ(deliveries.size(), count);
    return deliveries;
  }
  static std::vector<Result<void>> settle(transport::Consumer& consumer,
                                          const std::vector<transport::Delivery>& deliveries,
                                          const transport::Outcome& outcome = transport::Accept{}) {
    std::vector<transport::Settlement> settlements;
    for (const auto& delivery : deliveries) settlements.push_back({.token = delivery.token, .outcome = outcome});
    const auto executor = thread_executor();
    return settle_now(consumer, *executor, std::move(settlements));
  }
  std::uint64_t kept(const std::string& topic = "orders") {
    const auto states = transport_->operations().topology->topics().value();
    for (const auto& state : states) {
      if (state.name == topic) return state.records;
    }
    return 0;
  }
  // Waits until `done()`, for at most as long as a test may take.
  template <class Done>
  bool eventually(const Done& done) {
    const Time deadline = late();
    bool is_done = done();
    for (; !is_done && executor_->now() < deadline; is_done = done()) executor_->sleep_until(executor_->now() + 5ms);
    return is_done;
  }
  Time late() const { return executor_->now() + 20s; }

  testing::ScratchDirectory scratch_;
  const std::map<std::string, std::string, std::less<>> options_;
  const std::string directory_ = scratch_ / "store";
  std::shared_ptr<Executor> executor_ = thread_executor();
  std::unique_ptr<transport::Transport> transport_;
};

}  // namespace tidings::local
