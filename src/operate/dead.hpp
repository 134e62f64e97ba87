// Dead letters: looked at, handed to their subscription again, discarded.
//
// Threads: any. Blocks: on the store or the broker.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operate/rows.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::operate {

// One dead letter in a list.
struct DeadRow {
  std::string id;
  Time buried;
  std::string group;
  std::string subscription;
  std::string reason;
  std::string error;
  int attempts = 0;
  int crashes = 0;
  int replays = 0;
  std::optional<Time> first_failed;
  std::string host;
  std::int64_t pid = 0;
  std::string topic;
  std::int32_t partition = -1;
  std::int64_t position = -1;
  std::string event_id;
  std::string event_type;
  std::string correlation_id;
  std::optional<std::string> key;
  std::optional<Bytes> key_base64;
};
BOOST_DESCRIBE_STRUCT(DeadRow, (),
                      (id, buried, group, subscription, reason, error, attempts, crashes, replays, first_failed, host,
                       pid, topic, partition, position, event_id, event_type, correlation_id, key, key_base64))

struct DeadPage {
  std::vector<DeadRow> dead_letters;  // oldest first
  std::optional<std::string> next;    // there are more: list them after this id
};
BOOST_DESCRIBE_STRUCT(DeadPage, (), (dead_letters, next))

// All of one dead letter. Of the three forms of a body at most one is set: a JSON value, text, other bytes.
struct DeadDetail : DeadRow {
  std::string content_type;
  std::optional<Time> time;  // of the event
  std::vector<HeaderRow> headers;
  std::uint64_t body_bytes = 0;
  std::optional<RawJson> body;
  std::optional<std::string> body_text;
  std::optional<Bytes> body_base64;
};
BOOST_DESCRIBE_STRUCT(DeadDetail, (DeadRow), (content_type, time, headers, body_bytes, body, body_text, body_base64))

struct DeadListRequest {
  transport::DeadFilter filter;
  std::string after;        // an id: what was buried later; empty: from the oldest
  std::size_t limit = 100;  // 1..kDeadListMax
};
inline constexpr std::size_t kDeadListMax = 10'000;

Result<DeadPage> list_dead(transport::Transport& transport, const DeadListRequest& request);

// invalid: there is none of that id (any more).
Result<DeadDetail> show_dead(transport::Transport& transport, const std::string& id);

enum class DeadAction { replay, discard };

// Which dead letters: those of the ids, or, without ids, those that the filter takes now. What is buried while the
// action runs (a replayed event that fails again, say) is not taken.
struct DeadSelection {
  std::vector<std::string> ids;
  transport::DeadFilter filter;
};

struct DeadRequest {
  DeadAction action = DeadAction::replay;
  DeadSelection selection;
  double per_second = 0;  // at most so many a second; 0: no limit
};

// Where an action on many stands.
struct DeadReport {
  std::uint64_t selected = 0;
  std::uint64_t done = 0;
  std::uint64_t gone = 0;                // selected, and not there any more when it was their turn
  std::vector<std::string> missing_ids;  // of those named by id
};
BOOST_DESCRIBE_STRUCT(DeadReport, (), (selected, done, gone, missing_ids))

// How many a selection takes now; ids are not looked up.
Result<std::uint64_t> count_dead(transport::Transport& transport, const DeadSelection& selection);

struct DeadPorts {
  std::function<void(const DeadReport&)> on_progress = [](const DeadReport&) {};  // after each call
  std::function<bool()> stop = [] { return false; };
};

// Acts on one after another where there is a pace to keep, otherwise on up to 200 at once. When it fails half-way the
// error says how far it came; a repetition takes up the rest.
Result<DeadReport> act_on_dead(transport::Transport& transport, Executor& executor, const DeadRequest& request,
                               const DeadPorts& ports);

}  // namespace tidings::operate
