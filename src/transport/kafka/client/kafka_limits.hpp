// Named limits and defaults of the Kafka driver; docs/limits.md says what happens at each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tidings/names.hpp"

namespace tidings::kafka {

// A record's fields by size_of(): a broker takes batches of 1 MiB where nothing else was set.
inline constexpr std::size_t kRecordBytesMax = 1'000'000;
// Of a message with what we add to copies; topics that we make for copies take this much.
inline constexpr std::size_t kMessageBytesMax = 2u << 20;

// librdkafka's own buffer of a producer, beyond the publisher's, which counts first.
inline constexpr std::size_t kClientRecordsMax = 10'000'000;
inline constexpr std::size_t kClientKilobytesMax = 2'000'000;
inline constexpr std::size_t kSpentBytesMax = 16u << 20;           // of confirmed messages whose memory is used again
inline constexpr int kConfirmTickMs = 20;                          // at most that late is a dead client noticed
inline constexpr Duration kDrainWithin = std::chrono::seconds{1};  // for what is on its way, before it is given up
inline constexpr Duration kReopenPause = std::chrono::milliseconds{200};
inline constexpr Duration kRefusedPause = std::chrono::seconds{2};  // before a new client, after one without any right

inline constexpr std::int32_t kPartitionsMax = 1'000;  // of a topic that we create
inline constexpr std::int32_t kReplicationMax = 100;   // likewise
inline constexpr std::size_t kTopicNameMax = 249;      // Kafka's own, with prefix and ending

inline constexpr std::size_t kControlRecordsMax = 100'000;  // that one process keeps of the control topic

inline constexpr Duration kTokenCommandWithin = std::chrono::seconds{10};  // before it is ended
inline constexpr Duration kFaultFresh = std::chrono::seconds{60};  // librdkafka repeats a connection's fault every 30 s
// How long a topic that is there is taken to be there, with as many partitions, before the cluster is asked again.
inline constexpr Duration kTopicsKnownFor = std::chrono::seconds{5};

// How long set_config() waits for the brokers: longer than the others wait for one that is dead (9 s).
inline constexpr Duration kSettingShowsWithin = std::chrono::seconds{20};

// How long a request to the cluster may take, where nobody gave a deadline.
inline constexpr Duration kRequestWithin = std::chrono::seconds{20};
inline constexpr Duration kReachWithin = std::chrono::seconds{20};  // the first one, when a transport is opened

inline constexpr std::size_t kFetchMax = 500;  // messages of a partition that are taken from librdkafka at once
inline constexpr std::size_t kFetchedKilobytesMax = 16'384;  // of a partition, that librdkafka fetches ahead
inline constexpr std::size_t kFetchedRecordsMax = 100'000;   // likewise; about
inline constexpr std::size_t kHopsMax = 500;  // retries of a partition that are on the way to their next step

// A retry that was refused its next step so often becomes a dead letter. Where that is refused, too, it stays.
inline constexpr int kHopTriesMax = 5;
inline constexpr Duration kHopPauseMax = std::chrono::seconds{30};  // before it is tried again; it doubles up to that

// What one more retry may add to a commit's metadata, without its error's text.
inline constexpr std::size_t kRetryMetadataMax = 40;
// And what is settled between two that wait.
inline constexpr std::size_t kRangeMetadataMax = 6;

// Dead letters of a partition that a replay or discarding looks at, whether all of them are dealt with: from the floor
// on, and behind the last range, and around the first that it closes. In so many stretches between ranges, each time.
inline constexpr std::int64_t kFloorReadMax = 2'000;
inline constexpr std::int64_t kRangeReadMax = 4'000;
inline constexpr std::size_t kStretchesReadMax = 4;
// Of a new range: to leave out fewer takes longer than to read them.
inline constexpr std::size_t kRangeLettersMin = 500;
inline constexpr std::size_t kDeadRangesMax = 100;         // of a partition; no new ones then
inline constexpr std::size_t kStatesErasedMax = 1'000;     // of a partition, in one transaction
inline constexpr std::size_t kTransactionOrdersMax = 500;  // settlements of one transaction
inline constexpr std::uint64_t kCommitAfter = 1'000;  // changes of a partition, or commit_every, whichever is first
inline constexpr Duration kCommitPause = std::chrono::milliseconds{50};  // after one that was refused
inline constexpr Duration kAnswerIsNew = std::chrono::milliseconds{20};  // to a request of a membership: what follows
                                                                         // from it is on its way by then
inline constexpr Duration kJoinIsLong = std::chrono::milliseconds{200};  // commits are transactions from then on
inline constexpr Duration kJoinsWithin = std::chrono::seconds{2};        // after what makes a member join anew
inline constexpr Duration kCommitLook = std::chrono::milliseconds{5};    // whether a commit may be sent by now
inline constexpr Duration kLastCommitWithin = std::chrono::seconds{4};   // of a partition that goes to another member
inline constexpr Duration kLookWithin =
    std::chrono::seconds{2};  // for positions of assigned partitions, and for retries
inline constexpr Duration kTopicMadeWithin = std::chrono::seconds{5};    // of ours, by a member, which then tries again
inline constexpr Duration kTopicPause = std::chrono::milliseconds{200};  // before it tries again
inline constexpr Duration kLookForRetriesEvery = std::chrono::seconds{1};  // by a subscription that had none so far
inline constexpr Duration kLookAtGroupWithin = std::chrono::milliseconds{500};  // who has which partition, by a member
inline constexpr Duration kEndOfPeerWithin = std::chrono::seconds{2};  // for the transaction of one that may have died
inline constexpr Duration kLeaveReserve =
    std::chrono::seconds{4};                                       // of kCloseWithin, for what comes after a first join
inline constexpr Duration kTick = std::chrono::milliseconds{250};  // at most that long a member looks at nothing else
inline constexpr Duration kNameAskEvery = std::chrono::seconds{2};  // who was fenced, whether its name is free
inline constexpr int kNudgesMax = 3;  // clients that have a group put together anew, after a named member's restart
inline constexpr Duration kNudgeEndsWithin = std::chrono::seconds{3};  // of such a one, once the member leaves
inline constexpr Duration kOrphanLookPauseMax =
    std::chrono::seconds{30};                                       // while the group cannot be looked at; it doubles
inline constexpr Duration kRefreshEvery = std::chrono::seconds{5};  // of the topics that a pattern reads

}  // namespace tidings::kafka
