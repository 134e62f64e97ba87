#include "bare_loop.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include "order.hpp"
#include "tidings/codec.hpp"

namespace tidings::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReceive = 500;
constexpr Duration kPatience = 120s;
constexpr Duration kLook = 100us;

}  // namespace

Usage receive_and_settle(transport::Transport& transport, Executor& executor, const std::string& group, int count) {
  std::atomic<int> settled{0};
  auto opened = transport.consumer({.group = group, .topic = "orders"});
  expect(opened);
  const auto consumer = *std::move(opened);
  std::optional<Stopwatch> watch;
  const Time deadline = executor.now() + kPatience;
  for (int seen = 0; seen < count;) {
    const auto batch = consumer->receive(kReceive, deadline);
    expect(batch);
    if (executor.now() >= deadline) expect(Result<void>{unavailable(fmt::format("only {} events came", seen))});
    if (batch->deliveries.empty()) continue;
    if (!watch) watch.emplace(executor);
    std::vector<transport::Settlement> settlements;
    settlements.reserve(batch->deliveries.size());
    for (const auto& delivery : batch->deliveries) {
      settlements.push_back({.token = delivery.token, .outcome = transport::Accept{}, .publishes = {}});
    }
    seen += static_cast<int>(settlements.size());
    consumer->settle(std::move(settlements), [&](std::size_t, const Result<void>& outcome) {
      expect(outcome);
      settled.fetch_add(1, std::memory_order_relaxed);
    });
  }
  while (settled < count) executor.sleep_until(executor.now() + kLook);
  return watch->of(count);
}

Usage decode_order(const std::string& body, Executor& executor, int count) {
  const auto codec = json_codec();
  const Stopwatch watch{executor};
  for (int i = 0; i < count; ++i) {
    Envelope envelope;
    OrderCreated order;
    expect(codec->decode(Profile::kafka, body, envelope, describe<OrderCreated>(), &order));
  }
  return watch.of(count);
}

}  // namespace tidings::bench
