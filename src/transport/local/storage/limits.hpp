// The limits of the local transport, each with its name.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tidings/names.hpp"

namespace tidings::local {

using namespace std::chrono_literals;

// The store.
inline constexpr std::uint64_t kSizeMaxDefault = 10ull << 30;
inline constexpr std::uint64_t kSizeMaxLeast = 1ull << 20;
// Room beyond `size_max`, so that settlements, dead letters and cleaning still work when publishes are refused:
// a tenth of it, and at least this.
inline constexpr std::uint64_t kReserveLeast = 64ull << 20;
inline constexpr std::uint64_t reserve_of(std::uint64_t size_max) {
  return size_max / 10 > kReserveLeast ? size_max / 10 : kReserveLeast;
}
// What handlers publish leaves with the settlement of what they handled. It may take half of the reserve: a full store
// whose groups had to publish before they could settle would stay full for ever.
inline constexpr std::uint64_t outputs_max_of(std::uint64_t size_max) {
  return size_max + reserve_of(size_max) / 2;
}
// A backup reads one state of the store, so that nothing freed meanwhile is reused: the file grows by what is written.
// It is given up when no more than this is left for that.
inline constexpr std::uint64_t room_beside_backup(std::uint64_t size_max) {
  return reserve_of(size_max) / 2;
}
// Given away to publishes between two looks at what the store holds: a 512th of `size_max`, and at least this.
inline constexpr std::uint64_t kRoomAtOnceLeast = 2ull << 20;
inline constexpr std::uint32_t kPartitionsDefault = 64;
inline constexpr std::uint32_t kPartitionsMax = 1'024;
inline constexpr unsigned kReadersMax = 1'000;  // read transactions at once, over all processes
inline constexpr std::size_t kTopicsMax = 10'000;
inline constexpr std::size_t kNameMax = 200;  // bytes of a topic, group, pattern
inline constexpr std::size_t kControlRecordsMax = 100'000;
inline constexpr std::size_t kMembersMax = 1'000;  // of one subscription

// Retention, where a topic's declaration says nothing.
inline constexpr Duration kRetentionDefault = std::chrono::days{7};
inline constexpr std::uint64_t kRetentionSecondsMax = 100ull * 366 * 86'400;
inline constexpr std::uint64_t kRetentionBytesDefault = UINT64_MAX;  // `size_max` bounds it

// One write transaction.
inline constexpr std::size_t kCommitOpsMax = 1'000;
inline constexpr std::size_t kCommitBytesMax = 16u << 20;
inline constexpr std::size_t kQueueOpsMax = 10'000;  // that wait for the writer
// Behind a commit that answered so many changes the next one waits for as many, for half of the time that it took, at
// most so long.
inline constexpr std::size_t kGatherFrom = 8;
inline constexpr Duration kGatherWithinMax = 2ms;
// How long a settlement, or any other synchronous change, waits for the writer lock before it is `unavailable`.
inline constexpr Duration kChangeWithin = 30s;
// How long opening a store waits for others that open or close it: one may read it through, after a power cut.
inline constexpr Duration kOpenWithin = 30s;
// How long it waits for the writer, where the URL changes the store's settings.
inline constexpr Duration kSettingsWithin = 10s;
// How long opening waits for the writer to record the deaths of processes; then that is done later.
inline constexpr Duration kReapAtOpenWithin = 2s;

// One receive().
// Deliveries of one batch share blocks of so many bytes: one that stays long keeps no more than that in memory.
inline constexpr std::size_t kArenaBytes = 64u << 10;
inline constexpr std::size_t kBatchBytesMax = 4u << 20;
inline constexpr std::size_t kScanSlice = 256;          // records looked at under the consumer's lock
inline constexpr std::size_t kScanRecordsMax = 16'384;  // records looked at in one read transaction
inline constexpr std::size_t kWalkRecordsMax = 4'096;   // likewise, where all of a tree is counted

// Records scanned before how far it came is stored for the partitions where nothing happened.
inline constexpr std::uint64_t kCheckpointEvery = 65'536;

// Ownership.
inline constexpr Duration kRetryReviewAfter = 200ms;  // when the store could not be written

// The wake-up after which everybody looks again even when nobody woke them: it covers a process that was killed
// between its commit and its wake-up, nothing else depends on it.
inline constexpr Duration kLookAgainAfter = 5s;

// Cleaning.
inline constexpr Duration kCleanEvery = 10s;
inline constexpr Duration kCleanWhenFullEvery = 200ms;   // from pass to pass, while publishes are refused
inline constexpr Duration kCleanPause = 20ms;            // between the steps of a pass
inline constexpr std::size_t kCleanRecordsMax = 20'000;  // looked at in one step
inline constexpr std::size_t kCleanErasedMax = 2'000;    // erased in one transaction
// A pass that is behind goes on without a pause, and each of its steps erases twice as much, up to this: as much as
// publishers can add in two transactions.
inline constexpr std::size_t kCleanErasedHurriedMax = 64'000;
inline constexpr std::size_t kCleanErasedBytesMax = 64u << 20;  // of events, in one transaction

}  // namespace tidings::local
