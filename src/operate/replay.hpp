// Hands a past range of a topic to one group again.
//
// Threads: any. Blocks: on the store or the broker.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::operate {

enum class Again {
  no,   // the inbox drops what was handled: the replay repairs what was missed
  yes,  // handlers run anew, once for each replay
};

struct ReplayRequest {
  Group group;
  Topic topic;
  std::optional<Time> from;  // none: the beginning
  std::optional<Time> to;    // exclusive; none: now
  std::optional<Key> key;
  Again again = Again::no;
};

// What a replay would do.
struct ReplayPlan {
  std::string group;
  std::string topic;
  std::optional<Time> from;
  Time to;
  std::optional<std::string> key;
  bool again = false;
  std::uint64_t events = 0;        // in the range
  std::vector<std::string> notes;  // what an operator should know before
};
BOOST_DESCRIBE_STRUCT(ReplayPlan, (), (group, topic, from, to, key, again, events, notes))

struct Replayed {
  std::uint64_t replayed = 0;
  std::string replay_id;  // with `again`
};
BOOST_DESCRIBE_STRUCT(Replayed, (), (replayed, replay_id))

// Counts; changes nothing.
// invalid: no such topic or group, the group does not read the topic, the range is upside down. unsupported: the
// transport keeps no history.
Result<ReplayPlan> plan_replay(transport::Transport& transport, Executor& executor, const ReplayRequest& request);

// Does what was planned. More may be replayed than was counted when events were published in between with earlier
// times.
Result<Replayed> replay(transport::Transport& transport, const std::shared_ptr<Executor>& executor,
                        const ReplayPlan& plan);

}  // namespace tidings::operate
