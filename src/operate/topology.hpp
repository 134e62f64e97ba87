// Which topics and groups there are, and how far each group is.
//
// Threads: any. Blocks: on the store or the broker.
#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operate/findings.hpp"
#include "operate/rows.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::operate {

struct TopicsReport {
  std::vector<transport::TopicState> topics;  // by name; a retention without an end is not set
};
BOOST_DESCRIBE_STRUCT(TopicsReport, (), (topics))

struct GroupsReport {
  std::vector<transport::GroupState> groups;  // by name, then by what they read
};
BOOST_DESCRIBE_STRUCT(GroupsReport, (), (groups))

struct LagRow {
  std::string group;
  std::string topic;
  std::uint64_t unsettled = 0;  // waiting retries included
  std::uint64_t waiting = 0;
  std::uint64_t dead = 0;
  std::optional<Time> oldest;         // unsettled
  std::optional<double> age_seconds;  // of it
  std::uint64_t expired = 0;          // that retention removed before the group settled them
  // Of others, without a key that the transport knows, so that they share one queue; none of them: left out.
  std::optional<std::uint64_t> unkeyed;
};
BOOST_DESCRIBE_STRUCT(LagRow, (), (group, topic, unsettled, waiting, dead, oldest, age_seconds, expired, unkeyed))

struct LagReport {
  std::vector<LagRow> lag;  // by group, then topic
  std::vector<Finding> warnings;
};
BOOST_DESCRIBE_STRUCT(LagReport, (), (lag, warnings))

// Errors of all: unsupported (the transport does not tell), unavailable.
Result<TopicsReport> topics(transport::Transport& transport);
Result<GroupsReport> groups(transport::Transport& transport);
Result<LagReport> lag(transport::Transport& transport, Time now, const Thresholds& thresholds);

// Changes what `change` says of the topic's retention; returns what is in effect then. invalid: no such topic, or no
// such retention. unsupported: the transport's own tools do that.
Result<transport::Retention> set_retention(transport::Transport& transport, const Topic& topic,
                                           const transport::Retention& change);

// Makes a topic; one that is there and is set like that is left alone. Returns it. Events of `types` lead to it from
// then on, as if a service had declared that it publishes them. conflict: it is there and is set otherwise. invalid: no
// such name or setting.
struct TopicCreation {
  bool created = false;  // it was not there
  transport::TopicState topic;
};
BOOST_DESCRIBE_STRUCT(TopicCreation, (), (created, topic))
Result<TopicCreation> create_topic(transport::Transport& transport, const transport::TopicSpec& spec,
                                   std::optional<std::int32_t> replication, const std::vector<std::string>& types = {});

// Changes how many partitions a topic has, or goes on with it, and says who holds it up. invalid: no such topic, or not
// so many. conflict: it is being changed to another number. unsupported: the message says what to do instead.
struct TopicRepartition {
  std::string topic;
  std::int32_t from = 0;
  std::int32_t to = 0;
  bool done = false;
  std::vector<transport::RepartitionHold> held_by;
};
BOOST_DESCRIBE_STRUCT(TopicRepartition, (), (topic, from, to, done, held_by))
Result<TopicRepartition> repartition(transport::Transport& transport, const Topic& topic, std::int32_t partitions);

// Makes what members of the group need that may not make it themselves. invalid: no such topic. unsupported: nothing is
// to be made before they join.
Result<void> create_group(transport::Transport& transport, const transport::SubscriptionSpec& subscription);

// Forgets the group, its position and its dead letters. invalid: there is none of that name. conflict: it has live
// members.
Result<void> remove_group(transport::Transport& transport, const Group& group);

// invalid, with the names that there are, when the topic is not among them. Where the transport does not tell its
// topics, every name passes.
Result<void> expect_topic(transport::Transport& transport, const Topic& topic);

// The interface, or `unsupported`.
Result<transport::Topology*> topology_of(transport::Transport& transport);
Result<transport::DeadLetters*> dead_letters_of(transport::Transport& transport);
Result<transport::History*> history_of(transport::Transport& transport);
Result<transport::Backup*> backup_of(transport::Transport& transport);

}  // namespace tidings::operate
