#include "transport/rabbitmq/consume/trials.hpp"

#include <fmt/format.h>

#include <charconv>

#include "tidings/digest.hpp"
#include "tidings/time_text.hpp"

namespace tidings::rabbitmq {

using transport::Attempts;

namespace {

constexpr std::string_view kTrial = "trial/";
constexpr std::string_view kError = "error=";
constexpr std::size_t kIdDigits = 32;  // of an id's digest: ids may be longer than a record's key

void read_number(int& to, std::string_view text) {
  std::from_chars(text.data(), text.data() + text.size(), to);
}

void read_line(Attempts& attempts, std::string_view name, std::string_view value) {
  if (name == "failed") return read_number(attempts.failed, value);
  if (name == "crashes") return read_number(attempts.crashes, value);
  if (name != "due" && name != "first") return;
  if (const auto time = time_of(value)) (name == "due" ? attempts.due : attempts.first_failed) = *time;
}

}  // namespace

std::string trial_prefix(std::string_view name) {
  return fmt::format("{}{}/", kTrial, name);
}

// `trial/<name>/<queue>/<replays>/<digits>`.
std::string_view queues_in_trial(std::string_view key) {
  if (!key.starts_with(kTrial)) return {};
  key.remove_prefix(kTrial.size());
  for (int part = 0; part < 3; ++part) key = key.substr(0, std::min(key.rfind('/'), key.size()));
  return key;
}

// The error stands last, with all its lines.
std::string text_of(const Attempts& attempts) {
  std::string text = fmt::format("failed={}\ncrashes={}\n", attempts.failed, attempts.crashes);
  if (attempts.due) text += "due=" + to_text(*attempts.due) + "\n";
  if (attempts.first_failed) text += "first=" + to_text(*attempts.first_failed) + "\n";
  return text + std::string{kError} + attempts.last_error;
}

Attempts attempts_of(std::string_view text) {
  Attempts attempts;
  while (!text.empty()) {
    if (text.starts_with(kError)) {
      attempts.last_error = text.substr(kError.size());
      break;
    }
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto name = line.substr(0, line.find('='));
    read_line(attempts, name, line.substr(std::min(name.size() + 1, line.size())));
  }
  return attempts;
}

std::string Trials::key_of(const Message& message) {
  const int replays = message.copy() ? message.copy()->replays : 0;
  const auto& record = message.record();
  const std::string_view id = record.id.empty() ? record.body.value_or(std::string_view{}) : record.id;
  return fmt::format("{}/{}", replays, to_hex(sha256(id)).substr(0, kIdDigits));
}

Result<std::vector<Attempts>> Trials::all() const {
  const auto records = log_->list(ControlSpace::driver, prefix_);
  if (!records) return records.error();
  std::vector<Attempts> all;
  for (const auto& record : *records) all.push_back(attempts_of(record.value));
  return all;
}

std::map<std::string, Attempts> Trials::of_queue(std::size_t queue) const {
  const std::string prefix = prefix_of(queue);
  std::map<std::string, Attempts> trials;
  const auto records = log_->list_read(ControlSpace::driver, prefix);
  for (const auto& record : records.value_or(std::vector<transport::ControlRecord>{})) {
    trials.emplace(record.key.substr(prefix.size()), attempts_of(record.value));
  }
  return trials;
}

void Trials::put(std::size_t queue, const std::string& key, const Attempts& attempts, Answer answered) const {
  log_->put_async(ControlSpace::driver, prefix_of(queue) + key, text_of(attempts), {},
                  [answered = std::move(answered)](const Result<std::uint64_t>& version) {
                    answered(version ? Result<void>{} : version.error());
                  });
}

void Trials::erase(std::size_t queue, const std::string& key) const {
  log_->put_async(ControlSpace::driver, prefix_of(queue) + key, std::nullopt, {}, [](const Result<std::uint64_t>&) {});
}

}  // namespace tidings::rabbitmq
