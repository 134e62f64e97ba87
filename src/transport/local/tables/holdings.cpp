#include "transport/local/tables/holdings.hpp"

#include <algorithm>

#include "base/flaw.hpp"

namespace tidings::local {

namespace {

void insert_sorted(std::vector<Sequence>& numbers, Sequence number) {
  const auto at = std::lower_bound(numbers.begin(), numbers.end(), number);
  if (at == numbers.end() || *at != number) numbers.insert(at, number);
}

bool erase_sorted(std::vector<Sequence>& numbers, Sequence number) {
  const auto at = std::lower_bound(numbers.begin(), numbers.end(), number);
  if (at == numbers.end() || *at != number) return false;
  numbers.erase(at);
  return true;
}

}  // namespace

Token make_token(std::uint64_t number, std::uint64_t epoch) {
  constexpr std::uint64_t kEpochMask = (1ull << (63 - kTokenNumberBits)) - 1;
  return ((epoch & kEpochMask) << kTokenNumberBits) | number;
}

Holdings::Holdings(std::uint32_t partitions) : partitions_(partitions) {}

bool Holdings::add_topic(std::uint32_t topic) {
  if (index_of(topic)) return false;
  if (index_.size() <= topic) index_.resize(topic + 1);
  topics_.push_back(topic);
  index_[topic] = static_cast<std::uint32_t>(topics_.size());
  for (Partition& partition : partitions_) partition.readings.resize(topics_.size());
  filter_.reset();
  return true;
}

std::optional<std::size_t> Holdings::index_of(std::uint32_t topic) const {
  if (topic >= index_.size() || index_[topic] == 0) return std::nullopt;
  return index_[topic] - 1;
}

Holdings::Reading* Holdings::reading_of(std::uint32_t partition, std::uint32_t topic) {
  const auto index = index_of(topic);
  if (!index || partition >= partitions_.size() || !owns(partition)) return nullptr;
  return &partitions_[partition].readings[*index];
}

void Holdings::begin(Reading& reading, const StoredProgress& progress) {
  reading = Reading{
      .delivered_to = progress.first_open() - 1, .settled_to = progress.settled_to, .pending = progress.pending};
  scan_from_ = std::min(scan_from_, progress.first_open());
}

void Holdings::assign(std::uint32_t number, std::uint64_t epoch, std::span<const StoredProgress> progress) {
  Partition& partition = partitions_[number];
  partition.epoch = epoch;
  partition.revoking = false;
  for (std::size_t i = 0; i < progress.size(); ++i) begin(partition.readings[i], progress[i]);
  filter_.reset();
}

void Holdings::assign_topic(std::uint32_t partition, std::uint32_t topic, const StoredProgress& progress) {
  if (Reading* reading = reading_of(partition, topic)) begin(*reading, progress);
}

void Holdings::stop(Reading& reading) {
  if (reading.stopped_at == 0) reading.stopped_at = scan_from_;
}

void Holdings::revoke(std::uint32_t number) {
  partitions_[number].revoking = true;
  for (Reading& reading : partitions_[number].readings) stop(reading);
}

std::size_t Holdings::drop(std::uint32_t number) {
  const std::size_t count = boost::unordered::erase_if(flights_, [this, number](const auto& entry) {
    if (entry.second.partition != number) return false;
    bytes_ -= entry.second.bytes;
    return true;
  });
  for (const Reading& reading : partitions_[number].readings) returned_ -= reading.returned.size();
  const std::size_t topics = topics_.size();
  partitions_[number] = Partition{.readings = std::vector<Reading>(topics)};
  filter_.reset();
  return count;
}

void Holdings::pause(std::uint32_t partition, std::uint32_t topic) {
  Reading* reading = reading_of(partition, topic);
  if (reading == nullptr) return;
  reading->paused = true;
  stop(*reading);
}

void Holdings::resume(std::uint32_t partition, std::uint32_t topic) {
  Reading* reading = reading_of(partition, topic);
  if (reading == nullptr || !reading->paused) return;
  reading->paused = false;
  if (revoking(partition)) return;
  scan_from_ = std::min(scan_from_, reading->stopped_at);
  reading->stopped_at = 0;
  look_at_returned(*reading);
}

// The scan may have passed them meanwhile: from there on, those behind them would come first.
void Holdings::look_at_returned(const Reading& reading) {
  if (reading.returned.empty() || flawed(Flaw::local_returned_passed)) return;
  scan_from_ = std::min(scan_from_, reading.returned.front().sequence);
}

std::shared_ptr<const ScanFilter> Holdings::filter() {
  if (!filter_) {
    auto filter = std::make_shared<ScanFilter>();
    for (std::uint32_t i = 0; i < partition_count(); ++i) filter->partitions.push_back(owns(i));
    filter->topics.resize(index_.size());
    for (const std::uint32_t topic : topics_) filter->topics[topic] = true;
    filter_ = std::move(filter);
  }
  return filter_;
}

Token Holdings::fly(InFlight flight) {
  flight.epoch = epoch(flight.partition);
  const Token token = make_token(flight.number, flight.epoch) | (flight.parked ? kTokenParked : 0);
  if (flights_.emplace(token, flight).second) ++partitions_[flight.partition].in_flight;
  return token;
}

bool Holdings::passed_by_key(const RecordHeader& place, Sequence sequence,
                             std::optional<std::uint32_t> key_hash) const {
  return key_hash && std::any_of(flights_.begin(), flights_.end(), [&](const auto& entry) {
           const InFlight& flight = entry.second;
           return flight.key_hash == key_hash && flight.topic == place.topic && flight.partition == place.partition &&
                  !flight.parked && flight.number > sequence;
         });
}

// Whether one before it of its key waits to be handed out.
bool Holdings::waits_behind(const Reading& reading, Sequence sequence, std::optional<std::uint32_t> key_hash) {
  return key_hash && std::ranges::any_of(reading.returned, [&](const Returned& returned) {
           return returned.sequence < sequence && returned.key_hash == key_hash;
         });
}

void Holdings::put_back(Reading& reading, Returned returned) {
  const auto at = std::ranges::lower_bound(reading.returned, returned.sequence, {}, &Returned::sequence);
  reading.returned.insert(at, returned);
  ++returned_;
}

std::optional<Token> Holdings::take(const RecordHeader& place, Sequence sequence,
                                    std::optional<std::uint32_t> key_hash) {
  Reading* reading = reading_of(place.partition, place.topic);
  if (reading == nullptr || reading->stopped_at != 0) return std::nullopt;
  if (sequence <= reading->delivered_to) {
    if (passed_by_key(place, sequence, key_hash) || waits_behind(*reading, sequence, key_hash)) return std::nullopt;
    const auto at = std::ranges::lower_bound(reading->returned, sequence, {}, &Returned::sequence);
    if (at == reading->returned.end() || at->sequence != sequence) return std::nullopt;
    reading->returned.erase(at);
    --returned_;
  } else if (waits_behind(*reading, sequence, key_hash)) {
    if (sequence > reading->settled_to) {
      reading->pending.push_back(sequence);
    } else if (!std::ranges::binary_search(reading->pending, sequence)) {
      return std::nullopt;
    }
    reading->delivered_to = sequence;
    put_back(*reading, {sequence, key_hash});
    return std::nullopt;
  } else if (sequence <= reading->settled_to) {
    if (!std::binary_search(reading->pending.begin(), reading->pending.end(), sequence)) return std::nullopt;
    reading->delivered_to = sequence;
  } else {
    reading->pending.push_back(sequence);
    reading->delivered_to = sequence;
  }
  return fly({.number = sequence, .topic = place.topic, .partition = place.partition, .key_hash = key_hash});
}

std::optional<Token> Holdings::take_parked(const ParkedKey& key, std::uint32_t topic) {
  const Reading* reading = reading_of(key.partition, topic);
  if (reading == nullptr || reading->stopped_at != 0) return std::nullopt;
  if (flights_.contains(make_token(key.id, epoch(key.partition)) | kTokenParked)) return std::nullopt;
  return fly({.number = key.id, .topic = topic, .partition = key.partition, .parked = true, .has_row = true});
}

void Holdings::weigh(Token token, std::size_t bytes) {
  InFlight& flight = *find(token);
  bytes_ += bytes - flight.bytes;
  flight.bytes = bytes;
}

InFlight* Holdings::find(Token token) {
  const auto found = flights_.find(token);
  return found == flights_.end() ? nullptr : &found->second;
}

void Holdings::change(std::uint32_t partition, std::uint32_t topic, Reading& reading) {
  if (!reading.changed) changed_.push_back({.partition = partition, .topic = topic});
  reading.changed = true;
}

void Holdings::settle(Token token) {
  InFlight& flight = *find(token);
  flight.settling = true;
  if (flight.parked) return;
  Reading& reading = *reading_of(flight.partition, flight.topic);
  erase_sorted(reading.pending, flight.number);
  reading.settled_to = std::max(reading.settled_to, flight.number);
  change(flight.partition, flight.topic, reading);
}

void Holdings::unsettle(Token token) {
  InFlight* flight = find(token);
  if (flight == nullptr) return;
  flight->settling = false;
  if (flight->parked) return;
  Reading& reading = *reading_of(flight->partition, flight->topic);
  insert_sorted(reading.pending, flight->number);
  change(flight->partition, flight->topic, reading);
}

void Holdings::forget(Token token) {
  const auto found = flights_.find(token);
  if (found == flights_.end()) return;
  const InFlight flight = found->second;
  --partitions_[flight.partition].in_flight;
  bytes_ -= flight.bytes;
  flights_.erase(found);
  const Reading* reading = reading_of(flight.partition, flight.topic);
  // What waited for this one is looked at again.
  if (reading != nullptr) look_at_returned(*reading);
}

void Holdings::give_back(Token token) {
  const InFlight* flight = find(token);
  if (flight == nullptr) return;
  if (!flight->parked) {
    put_back(*reading_of(flight->partition, flight->topic), {flight->number, flight->key_hash});
  }
  forget(token);
}

std::vector<Holdings::Place> Holdings::take_changed() {
  auto places = std::exchange(changed_, {});
  std::erase_if(places, [this](const Place& place) { return !owns(place.partition); });
  for (const Place& place : places) reading_of(place.partition, place.topic)->changed = false;
  return places;
}

void Holdings::encode(const Place& place, std::string& out) const {
  const Reading& reading = partitions_[place.partition].readings[*index_of(place.topic)];
  encode_progress(reading.settled_to, reading.pending, out);
}

void Holdings::raise(std::uint32_t number) {
  if (!owns(number)) return;
  for (std::size_t i = 0; i < topics_.size(); ++i) {
    Reading& reading = partitions_[number].readings[i];
    const Sequence passed = (reading.stopped_at != 0 ? reading.stopped_at : scan_from_) - 1;
    reading.settled_to = std::max(reading.settled_to, passed);
    change(number, topics_[i], reading);
  }
}

void Holdings::raise_all() {
  for (std::uint32_t i = 0; i < partition_count(); ++i) raise(i);
}

}  // namespace tidings::local
