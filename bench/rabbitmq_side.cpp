// One side of rabbitmq_bench alone, for who counts its instructions: bench/instructions runs it under valgrind.
//
//   rabbitmq_side ours|raw publish|consume|handle|fill PREFIX EVENTS
//
// TIDINGS_RABBITMQ_URL names the server. Both sides use the queue that `ours fill` makes, and fills with so many
// events: each run of the others wants it filled before. Raw handling is raw consuming. Prints nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

#include "ours.hpp"
#include "raw_rabbitmq.hpp"

namespace {

using namespace tidings;
using namespace tidings::bench;

constexpr int kWindow = 256;  // events that are not confirmed
constexpr std::uint16_t kPrefetch = 256;
constexpr std::size_t kSamples = 100;
constexpr const char* kGroup = "bench";

void run_ours(const std::string& url, const std::shared_ptr<Executor>& executor, std::string_view measure, int count) {
  if (measure == "publish" || measure == "fill") static_cast<void>(Ours{url, executor}.publish(count, kWindow));
  if (measure == "consume") static_cast<void>(Ours{url, executor}.consume(kGroup, count));
  if (measure == "handle") static_cast<void>(handle(url, executor, {.group = kGroup, .count = count}));
}

void run_raw(RawRabbitmq& raw, const std::string& queue, std::string_view measure, int count) {
  if (measure == "publish") {
    static_cast<void>(raw.publish(raw.take(queue, kSamples), count, kWindow));
  } else {
    static_cast<void>(raw.consume(queue, count, kPrefetch));
  }
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

int main(int argc, char** argv) {
  const char* server = std::getenv("TIDINGS_RABBITMQ_URL");
  if (server == nullptr || argc != 5 || !is_one_of(argv[1], {"ours", "raw"}) ||
      !is_one_of(argv[2], {"publish", "consume", "handle", "fill"})) {
    fmt::print(stderr,
               "usage: TIDINGS_RABBITMQ_URL=amqp://HOST:PORT/ rabbitmq_side ours|raw publish|consume|handle|fill "
               "PREFIX EVENTS\n");
    return 2;
  }
  const std::string prefix = argv[3], queue = fmt::format("{}{}.orders_queue", prefix, kGroup);
  const std::string url = fmt::format("{}?prefix={}&prefetch={}&history=no", server, prefix, kPrefetch);
  const std::string_view measure = argv[2];
  const int count = std::atoi(argv[4]);
  const auto executor = thread_executor();
  RawRabbitmq raw{server, *executor};
  if (measure == "fill") {
    Ours{url, executor}.subscribe(kGroup);
    raw.purge(queue);
  }
  if (argv[1] == std::string_view{"ours"}) {
    run_ours(url, executor, measure, count);
  } else {
    run_raw(raw, queue, measure, count);
  }
  return 0;
}
