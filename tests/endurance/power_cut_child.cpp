// A process for power_cut_test: it works on a store step by step, and says each one the moment it knows that it is
// done.
//
//   power_cut_child URL work NAME COUNT   in turn: publishes NAME-0, NAME-1, ... (`confirmed ID ID ...`), handles one
//   and
//                                         publishes `of-ID` with its settlement (`settled ID`), buries one (`buried
//                                         ID`), changes Control (`control NAME VALUE`)
//   power_cut_child URL backup DIR        makes a backup (`copied`)
//
// At the end it closes the store: `closed`.
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "transport/local/local_transport.hpp"

namespace {

using namespace tidings;
using namespace std::chrono_literals;

constexpr int kKeys = 4;
constexpr Duration kPatience = 30s;

// Not by a stream: the recorder sees what is written by write(2).
void say(const std::string& text) {
  const std::string line = text + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::exit(3);
}

class Work final {
 public:
  Work(transport::Transport& transport, Executor& executor, std::string name)
      : transport_{transport},
        executor_{executor},
        name_{std::move(name)},
        publisher_{transport.publisher({}).value()},
        consumer_{transport.consumer({.group = "g", .topic = "orders"}).value()} {}

  bool step(int number) {
    constexpr int kKinds = 4;
    switch (number % kKinds) {
      case 0:
      case 1:
        return publish(1 + number % 5);
      case 2:
        return number % 3 == 0 ? bury() : handle();
      default:
        return control(number);
    }
  }

 private:
  bool publish(int count) {
    // Small ones, and some that take pages of their own.
    const std::size_t bytes = next_ % 3 == 0 ? 9'000 : 100;
    std::vector<transport::Record> records;
    std::string told = "confirmed";
    for (int i = 0; i < count; ++i, ++next_) {
      const std::string id = name_ + "-" + std::to_string(next_);
      told += " " + id;
      records.push_back({.topic = "orders",
                         .key = std::to_string(next_ % kKeys),
                         .id = id,
                         .type = "Numbered",
                         .body = std::string(bytes, static_cast<char>('a' + next_ % 26))});
    }
    int confirmed = 0;
    publisher_->send(std::move(records), [&](std::size_t, const Result<void>& outcome) { confirmed += !!outcome; });
    if (!publisher_->flush(executor_.now() + kPatience) || confirmed != count) return false;
    say(told);
    return true;
  }

  bool handle() { return settle("settled ", transport::Accept{}, true); }
  bool bury() { return settle("buried ", transport::Bury{.reason = "failed"}, false); }
  bool settle(const std::string& word, transport::Outcome outcome, bool publishes) {
    const auto batch = consumer_->receive(1, executor_.now() + 1s);
    if (!batch) return false;
    if (batch->deliveries.empty()) return true;
    const transport::Delivery& delivery = batch->deliveries[0];
    const std::string id{delivery.record.id};
    transport::Settlement settlement{.token = delivery.token, .outcome = std::move(outcome)};
    if (publishes) {
      const std::string output = "of-" + id;
      settlement.publishes = {{.topic = "payments", .key = "k", .id = output, .type = "Paid", .body = output}};
    }
    std::vector<transport::Settlement> settlements;
    settlements.push_back(std::move(settlement));
    if (!settle_now(*consumer_, executor_, std::move(settlements)).at(0)) return false;
    say(word + id);
    return true;
  }

  bool control(int number) {
    const std::string value = std::to_string(number);
    const std::string old = "old/" + name_;
    if (!transport_.control().put(old, "x", {}) || !transport_.control().put(old, std::nullopt, {})) return false;
    if (!transport_.control().put("number/" + name_, value, {})) return false;
    say("control " + name_ + " " + value);
    return true;
  }

  transport::Transport& transport_;
  Executor& executor_;
  const std::string name_;
  const std::unique_ptr<transport::Publisher> publisher_;
  const std::unique_ptr<transport::Consumer> consumer_;
  int next_ = 0;
};

int work(transport::Transport& transport, Executor& executor, const std::string& name, int count) {
  if (!transport.declare({.topics = {{.name = "orders"}, {.name = "payments"}}, .published = {}})) return 1;
  say("declared");
  Work work{transport, executor, name};
  for (int i = 0; i < count; ++i) {
    if (!work.step(i)) return 1;
  }
  return 0;
}

int back_up(transport::Transport& transport, const std::string& directory) {
  const auto made = transport.operations().backup->make(directory, [](std::uint64_t) { return true; });
  if (!made) {
    std::cerr << made.error().message << std::endl;
    return 1;
  }
  say("copied");
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  const auto executor = thread_executor();
  const auto opened = local::open_local(transport::parse_url(arguments.at(0)).value(), executor);
  if (!opened) {
    std::cerr << opened.error().message << std::endl;
    return 1;
  }
  if (arguments.at(1) == "backup") return back_up(**opened, arguments.at(2));
  return work(**opened, *executor, arguments.at(2), std::stoi(arguments.at(3)));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int code = run({argv + 1, argv + argc});
  if (code == 0) say("closed");
  return code;
}
