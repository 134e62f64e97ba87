// What a settlement publishes: events of a handler, a dead letter, a retry that waits.
//
// Threads: pure functions.
#pragma once

#include <string>

#include "tidings/transport/settlement.hpp"
#include "transport/kafka/client/topic_names.hpp"
#include "transport/kafka/consume/fetched.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

// On whose behalf.
struct Subscriber {
  std::string group;
  std::string subscription;  // topic or pattern
  std::string host;
  std::int64_t pid = 0;
};

// The delivery as it is settled: where its record stands in its own topic, and what was known of it.
struct Settled {
  const FetchedRecord& fetched;
  std::int32_t partition = 0;  // of which it was fetched
  const transport::Attempts& attempts;
};

// A dead letter of it, for that topic's dead letters. Its time is its burial's.
Message dead_letter(const Settled& settled, const transport::Bury& bury, const Subscriber& who, const TopicNames& names,
                    Time now);

// Itself again, to be handled when `attempts` says, in the retry topic's partition of its next step.
Message waiting_copy(const Settled& settled, const transport::Attempts& attempts, const Subscriber& who,
                     const TopicNames& names, Time now);

// A subscription's retry topic, on the cluster.
std::string retry_topic(const Subscriber& who, const TopicNames& names);

}  // namespace tidings::kafka
