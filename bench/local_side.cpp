#include "local_side.hpp"

#include <chrono>

namespace tidings::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 120s;
constexpr int kKeys = 1'000;
constexpr std::string_view kTopic = "orders";

std::unique_ptr<transport::Transport> open(const std::string& url, const std::shared_ptr<Executor>& executor) {
  auto opened = transport::open(url, executor);
  expect(opened);
  expect((*opened)->declare({.topics = {{.name = std::string{kTopic}}}, .published = {}}));
  return *std::move(opened);
}

std::string fresh(const std::filesystem::path& directory) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory.parent_path());
  return "local:" + directory.string() + "?size_max=40G";
}

}  // namespace

LocalSide::LocalSide(const std::filesystem::path& directory, std::shared_ptr<Executor> executor, Content content)
    : directory_{directory},
      executor_{std::move(executor)},
      url_{fresh(directory)},
      content_{std::move(content)},
      transport_{open(url_, executor_)},
      publisher_{transport_->publisher({}).value()} {}

LocalSide::~LocalSide() = default;

transport::Record LocalSide::record() {
  const int number = ++number_;
  transport::Record record{.topic = std::string{kTopic},
                           .key = fmt::format("order-{:06}", number % kKeys),
                           .id = fmt::format("0197d2a4-8c11-7f3a-9d55-{:012}", number),
                           .type = "OrderCreated",
                           .correlation_id = fmt::format("0197d2a4-8c11-7f3a-9d56-{:012}", number),
                           .content_type = "application/json"};
  record.body = content_.body.empty() ? std::string(content_.bytes - transport::size_of(record), 'x') : content_.body;
  return record;
}

LocalSide::Records LocalSide::records(int count) {
  Records batch;
  batch.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) batch.push_back(record());
  return batch;
}

void LocalSide::publish(Records batch) {
  const int count = static_cast<int>(batch.size());
  std::mutex mutex;
  const auto changed = executor_->condition();
  int confirmed = 0;
  publisher_->send(std::move(batch), [&](std::size_t, const Result<void>& outcome) {
    expect(outcome);
    const std::lock_guard lock{mutex};
    if (++confirmed == count) changed->notify_all();
  });
  std::unique_lock lock{mutex};
  if (changed->wait_until(lock, executor_->now() + kPatience, *executor_, [&] { return confirmed == count; })) return;
  expect(Result<void>{unavailable("not all of it was confirmed")});
}

void LocalSide::subscribe(const std::string& group) {
  expect(transport_->consumer({.group = group, .topic = std::string{kTopic}, .start = {transport::StartAt::end}}));
}

Usage LocalSide::consume(const std::string& group, int count) {
  return receive_and_settle(*transport_, *executor_, group, count);
}

}  // namespace tidings::bench
