#include "transport/kafka/consume/copies.hpp"

#include "transport/kafka/format/retry_ladder.hpp"

namespace tidings::kafka {

namespace {

// Of one that was a copy already, what it says of the original.
Copy copy_of(const Settled& settled, const Subscriber& who) {
  Copy copy;
  if (settled.fetched.copy) {
    copy = *settled.fetched.copy;
  } else {
    copy.topic = settled.fetched.record.topic;
    copy.position = {settled.partition, settled.fetched.offset};
    copy.time = settled.fetched.record.time;
  }
  copy.group = who.group;
  copy.subscription = who.subscription;
  return copy;
}

// With a time of its own: retention counts from then.
transport::Record record_of(const Settled& settled, Time now) {
  transport::Record record = to_record(settled.fetched.record);
  record.time = now;
  return record;
}

}  // namespace

Message dead_letter(const Settled& settled, const transport::Bury& bury, const Subscriber& who, const TopicNames& names,
                    Time now) {
  Copy copy = copy_of(settled, who);
  copy.attempts = bury.attempts;
  copy.attempts.last_error = bury.error;
  copy.attempts.due.reset();
  copy.reason = bury.reason;
  copy.buried = now;
  copy.host = who.host;
  copy.pid = who.pid;
  std::string topic = names.dead_letters(copy.topic);
  return {.topic = std::move(topic), .record = record_of(settled, now), .copy = std::move(copy)};
}

Message waiting_copy(const Settled& settled, const transport::Attempts& attempts, const Subscriber& who,
                     const TopicNames& names, Time now) {
  Copy copy = copy_of(settled, who);
  copy.attempts = attempts;
  return {.topic = retry_topic(who, names),
          .record = record_of(settled, now),
          .copy = std::move(copy),
          .partition = retry_partition(attempts.due, now)};
}

std::string retry_topic(const Subscriber& who, const TopicNames& names) {
  return names.retry(who.group, who.subscription);
}

}  // namespace tidings::kafka
