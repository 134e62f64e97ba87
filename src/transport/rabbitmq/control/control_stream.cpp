#include "transport/rabbitmq/control/control_stream.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tidings::rabbitmq {

using transport::Earlier;

namespace {

constexpr Duration kTick = std::chrono::milliseconds{100};  // at most that late is a put refused that takes too long
constexpr std::size_t kReadAtOnce = 500;
// An entry of the server's own stands at the front of each segment. Who misses more is behind what was cut off.
constexpr std::uint64_t kUnusedOffsets = 1;

std::size_t space_of(std::string_view key) {
  return key.starts_with("c/") ? 0 : 1;
}

class StreamPreparation final : public Preparation {
 public:
  explicit StreamPreparation(StreamSpec stream) : stream_{std::move(stream)} {}

  Result<void> begin(Link& link) override {
    constexpr Channel kChannel = 2;  // the producer's messages have the first
    if (auto opened = link.open_channel(kChannel); !opened) return opened;
    auto declared = declare_stream(link, kChannel, stream_);
    if (declared) link.close_channel(kChannel);
    return declared;
  }
  Result<void> prepare(Link&, Outgoing&) override { return {}; }

 private:
  const StreamSpec stream_;
};

}  // namespace

ControlStream::ControlStream(std::shared_ptr<Broker> broker, const ControlLimits& limits)
    : broker_{std::move(broker)},
      limits_{limits},
      stream_{.name = broker_->names().control(),
              .bytes_max = limits.stream_bytes_max,
              .segment_bytes_max = limits.segment_bytes_max},
      changed_{broker_->executor().condition()},
      reader_{broker_, stream_, &link_ending_} {}

ControlStream::~ControlStream() {
  stopping_ = true;
  bell_.ring();
  if (thread_ != nullptr) link_ending_.wait();
  thread_.reset();
  // Only puts are worth waiting for.
  const Time now = broker_->executor().now();
  if (producer_) producer_->close(is_waiting() ? now + transport::kCloseWithin : now);
  for (auto& [token, waiting] : waiting_) waiting.answered(not_in_time(waiting.key));
}

bool ControlStream::is_waiting() {
  const std::lock_guard lock{mutex_};
  return !waiting_.empty();
}

void ControlStream::start() {
  const std::lock_guard starting{starting_};
  if (started_) return;
  Executor& executor = broker_->executor();
  producer_ = Producer::open(broker_->shared_executor(), broker_->options(), {.deliver_within = kRequestWithin},
                             std::make_unique<StreamPreparation>(stream_));
  tended_ = swept_ = last_read_ = executor.now();
  thread_ = executor.spawn("amqp-control", [this] { run(); });
  started_ = true;
}

void ControlStream::run() {
  while (!stopping_) {
    bell_.hear();
    if (!reader_.is_open()) open_reader();
    if (reader_.is_open()) read_some();
    tend();
    tell();
  }
  reader_.close();
  link_ending_.has_ended();
}

void ControlStream::open_reader() {
  Executor& executor = broker_->executor();
  if (executor.now() < open_not_before_) {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, std::min(open_not_before_, executor.now() + kTick));
    return;
  }
  const auto opened = reader_.open(next_);
  const std::lock_guard lock{mutex_};
  if (opened) {
    refused_.reset();
    trouble_.clear();
    reopen_pause_ = kReopenPause;
    last_read_ = executor.now();
    return;
  }
  trouble_ = opened.error().message;
  if (opened.error().kind != ErrorKind::unavailable) refused_ = opened.error();
  open_not_before_ = executor.now() + reopen_pause_;
  reopen_pause_ = std::min(2 * reopen_pause_, kReopenPauseMax);
  changed_->notify_all();
}

void ControlStream::read_some() {
  Time deadline = broker_->executor().now() + kTick;
  for (std::size_t i = 0; i < kReadAtOnce && reader_.is_open(); ++i) {
    const auto read = reader_.next(deadline, bell_.file());
    if (!read) {
      const std::lock_guard lock{mutex_};
      trouble_ = read.error().message;
      return;
    }
    if (*read == nullptr) return;
    take(**read);
    send_barrier();
    deadline = broker_->executor().now();
  }
}

void ControlStream::take(const Message& message) {
  const auto offset = static_cast<std::uint64_t>(message.stream_offset());
  last_read_ = broker_->executor().now();
  const std::lock_guard lock{mutex_};
  if (!next_) begin_at(offset);
  if (!follows(offset)) return read_anew(offset);
  if (const auto token = barrier_token(message); !token.empty()) {
    take_barrier(token);
  } else {
    take_record(message);
  }
  next_ = offset + 1;
  position_ += bytes_in_stream(message);
}

bool ControlStream::follows(std::uint64_t offset) const {
  return offset >= *next_ && (offset <= *next_ + kUnusedOffsets || offset < unchecked_before_);
}

void ControlStream::begin_at(std::uint64_t offset) {
  table_ = {};
  tokens_ = PutTokens{kPutTokensMax};
  next_ = offset;
  is_cut_ = offset > kUnusedOffsets;
  position_ = tended_position_ = 0;
}

// What came between was cut off, before it was read; or it is another stream. If nothing was cut off, that offset is
// not missed again.
void ControlStream::read_anew(std::uint64_t offset) {
  reader_.close();
  unchecked_before_ = next_ && offset > *next_ ? offset + 1 : 0;
  next_.reset();
  ++generation_;
  caught_up_ = false;
  for (std::uint64_t& change : last_change_) ++change;
  ring_bells();
}

// Under the lock.
void ControlStream::take_record(const Message& message) {
  auto record = control_message(message);
  if (!record || (!record->token.empty() && !tokens_.add(record->token))) return;
  record->position = position_;
  const bool may_miss = is_cut_ && position_ < static_cast<std::uint64_t>(limits_.stream_bytes_max / 2);
  const bool counted = table_.apply(*record, may_miss ? Earlier::may_be_gone : Earlier::was_read);
  if (counted && !record->keeps) {
    std::uint64_t& change = last_change_[space_of(record->key)];
    change = std::max(change, record->version) + 1;
    changed_->notify_all();
    ring_bells();
  }
  const auto waiting = waiting_.find(record->token);
  if (waiting == waiting_.end()) return;
  Waiting& put = waiting->second;
  Result<std::uint64_t> outcome = record->version;
  if (!counted) {
    outcome = conflict(fmt::format("control key '{}' is not at version {}: read it again", put.key, put.expected));
  }
  answers_.push_back({std::move(put.answered), std::move(outcome)});
  waiting_.erase(waiting);
  caught_up_ = true;
}

void ControlStream::ring_bells() {
  std::erase_if(bells_, [](const auto& bell) {
    const auto there = bell.lock();
    if (there) there->ring();
    return there == nullptr;
  });
}

// Under the lock.
void ControlStream::take_barrier(std::string_view token) {
  if (barrier_ == nullptr || barrier_->token != token) return;
  barrier_->read = true;
  barrier_->generation = generation_;
  barrier_ = std::exchange(next_barrier_, nullptr);
  caught_up_ = true;
  changed_->notify_all();
}

// Under no lock, by the thread.
void ControlStream::tell() {
  std::vector<Answered> answers;
  {
    const std::lock_guard lock{mutex_};
    answers.swap(answers_);
  }
  for (Answered& answer : answers) answer.answered(std::move(answer.outcome));
}

}  // namespace tidings::rabbitmq
