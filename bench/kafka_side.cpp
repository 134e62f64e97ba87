// One side of kafka_bench alone, for who counts its instructions: kafka_instructions runs it under valgrind.
//
//   kafka_side ours|raw publish|consume|handle PREFIX EVENTS
//
// TIDINGS_KAFKA_URL names the broker. Publishing by `ours` makes PREFIX's topic, which the others read; a group is new
// with each run. Raw handling is raw consuming. Prints nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

#include "ours.hpp"
#include "raw_kafka.hpp"

namespace {

using namespace tidings;
using namespace tidings::bench;

constexpr int kWindow = 50'000;  // events that are not confirmed
constexpr std::size_t kSamples = 1'000;

void run_ours(const std::string& url, const std::shared_ptr<Executor>& executor, std::string_view measure, int count) {
  const std::string group = fmt::format("ours-{:08x}", executor->random() & 0xffff'ffffu);
  if (measure == "publish") static_cast<void>(Ours{url, executor}.publish(count, kWindow));
  if (measure == "consume") static_cast<void>(Ours{url, executor}.consume(group, count));
  if (measure == "handle") static_cast<void>(handle(url, executor, {.group = group, .count = count}));
}

void run_raw(const std::string& brokers, const std::string& topic, Executor& executor, std::string_view measure,
             int count) {
  RawKafka raw{brokers, executor};
  if (measure == "publish") {
    static_cast<void>(raw.publish(topic, raw.take(topic, kSamples), count, kWindow));
  } else {
    static_cast<void>(raw.consume(topic, fmt::format("raw-{:08x}", executor.random() & 0xffff'ffffu), count));
  }
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

int main(int argc, char** argv) {
  const char* url = std::getenv("TIDINGS_KAFKA_URL");
  if (url == nullptr || argc != 5 || !is_one_of(argv[1], {"ours", "raw"}) ||
      !is_one_of(argv[2], {"publish", "consume", "handle"})) {
    fmt::print(stderr,
               "usage: TIDINGS_KAFKA_URL=kafka://HOST:PORT kafka_side ours|raw publish|consume|handle PREFIX "
               "EVENTS\n");
    return 2;
  }
  const std::string prefix = argv[3];
  const int count = std::atoi(argv[4]);
  const auto executor = thread_executor();
  if (argv[1] == std::string_view{"ours"}) {
    run_ours(fmt::format("{}?prefix={}&create_topics=yes&partitions=4", url, prefix), executor, argv[2], count);
  } else {
    run_raw(std::string{url}.substr(std::string_view{"kafka://"}.size()), prefix + "orders", *executor, argv[2], count);
  }
  return 0;
}
