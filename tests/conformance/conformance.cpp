#include "tests/conformance/conformance.hpp"

#include <mutex>

namespace tidings::conformance {

using transport::Record;

namespace {

struct Answers {
  std::mutex mutex;
  std::vector<Result<void>> outcomes;
};

}  // namespace

Conformance::Conformance(Room room) : fixture_{GetParam().make_fixture(room)}, executor_{fixture_->executor()} {}

Conformance::~Conformance() {
  publisher_.reset();
  processes_.clear();
}

Time Conformance::deadline(Duration expected) const {
  return now() + kPatience * expected;
}

Duration Conformance::late_max(Duration delay) {
  const auto share = capabilities().retry_late_share * static_cast<double>(delay.count());
  const Duration late = capabilities().retry_late_max + Duration{static_cast<Duration::rep>(share)};
  return fixture_->virtual_time() ? late : kPatience * late;
}

transport::Transport& Conformance::process(const std::string& name) {
  auto& transport = processes_[name];
  if (transport == nullptr) {
    auto opened = fixture_->open(name);
    if (!opened) throw std::runtime_error{opened.error().message};
    transport = *std::move(opened);
  }
  return *transport;
}

void Conformance::declare(const transport::Declaration& declaration) {
  const auto declared = here().declare(declaration);
  ASSERT_TRUE(declared) << declared.error().message;
}

void Conformance::declare_topic(const std::string& name, std::int32_t partitions) {
  declare({.topics = {{.name = name, .partitions = partitions}}, .published = {}});
  expect_group("g", name);
}

void Conformance::expect_group(transport::SubscriptionSpec spec) {
  if (!capabilities().keeps_for_later) join(std::move(spec)).leave();
}

void Conformance::expect_group(const std::string& group, const std::string& topic) {
  expect_group({.group = group, .topic = topic});
}

std::vector<Result<void>> Conformance::try_publish(std::vector<Record> records) {
  if (publisher_ == nullptr) publisher_ = here().publisher({}).value();
  const auto answers = std::make_shared<Answers>();
  answers->outcomes.resize(records.size(), unavailable("not answered"));
  publisher_->send(std::move(records), [answers](std::size_t index, Result<void> outcome) {
    const std::lock_guard lock{answers->mutex};
    answers->outcomes.at(index) = std::move(outcome);
  });
  const auto flushed = publisher_->flush(deadline(std::chrono::seconds{3}));
  EXPECT_TRUE(flushed) << flushed.error().message;
  const std::lock_guard lock{answers->mutex};
  return answers->outcomes;
}

void Conformance::publish(std::vector<Record> records) {
  for (const auto& outcome : try_publish(std::move(records))) ASSERT_TRUE(outcome) << outcome.error().message;
}

void Conformance::publish_numbers(const std::string& topic, int first, int count, int keys) {
  std::vector<Record> records;
  for (int number = first; number < first + count; ++number) records.push_back(numbered(topic, number, keys));
  publish(std::move(records));
}

Record numbered(const std::string& topic, int number, int keys) {
  return {.topic = topic,
          .key = "key-" + std::to_string(number % keys),
          .id = std::to_string(number),
          .type = "Numbered",
          .content_type = "application/json",
          .body = "{\"number\":" + std::to_string(number) + "}"};
}

Reader Conformance::join(transport::SubscriptionSpec spec, const std::string& process) {
  auto consumer = this->process(process).consumer(spec);
  if (!consumer) throw std::runtime_error{consumer.error().message};
  return Reader{*std::move(consumer), *executor_};
}

Reader Conformance::join(const std::string& group, const std::string& topic, const std::string& process) {
  return join({.group = group, .topic = topic}, process);
}

std::unique_ptr<Victim> Conformance::start(const VictimPlan& plan) {
  auto victim = fixture_->start(plan);
  if (!victim) throw std::runtime_error{victim.error().message};
  return *std::move(victim);
}

Record Conformance::as_kept(Record published, const Record& received) {
  if (published.time) {
    const Duration unit = capabilities().time_unit;
    published.time = Time{published.time->time_since_epoch() / unit * unit};
  } else if (capabilities().stamps_time) {
    published.time = received.time;
  }
  return published;
}

std::vector<Record> Conformance::history(const std::string& topic) {
  transport::History* history = here().operations().history;
  std::vector<Record> records;
  const auto read = history->read({.topic = topic}, {}, SIZE_MAX, [&](const transport::HistoryEntry& entry) {
    records.push_back(to_record(entry.record));
    return true;
  });
  EXPECT_TRUE(read) << read.error().message;
  return records;
}

std::vector<transport::DeadLetter> Conformance::dead_letters(const std::string& group) {
  auto found = here().operations().dead_letters->browse({.group = group}, "", 10'000);
  EXPECT_TRUE(found) << found.error().message;
  return found.value_or(std::vector<transport::DeadLetter>{});
}

std::optional<transport::LagState> Conformance::lag(const std::string& group, const std::string& topic) {
  const auto states = here().operations().topology->lag();
  EXPECT_TRUE(states) << states.error().message;
  if (!states) return std::nullopt;
  for (const auto& state : *states) {
    if (state.group == group && state.topic == topic) return state;
  }
  return std::nullopt;
}

}  // namespace tidings::conformance
