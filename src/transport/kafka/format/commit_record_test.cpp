#include "transport/kafka/format/commit_record.hpp"

#include <gtest/gtest.h>

namespace tidings::kafka {
namespace {

using transport::Attempts;

constexpr Time kNow{std::chrono::microseconds{1'700'000'000'123'456}};

void expect_round_trip(const CommitRecord& record) {
  const auto read = read_commit(record.watermark, metadata_of(record));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, record);
}

TEST(CommitRecord, ComesBackAsItWas) {
  expect_round_trip({.watermark = 0});
  expect_round_trip({.watermark = 1'000'000'000'000, .in_flight_below = 1'000'000'001'024});
  expect_round_trip({.watermark = 7, .in_flight_below = 7});
  expect_round_trip({.watermark = 7, .in_flight_below = 70, .board = 0xfedc'ba98'7654'3210, .slot = 513});
  expect_round_trip({.watermark = 7, .settled = {{8, 8}, {10, 5'000}, {5'002, 5'002}}});
  expect_round_trip({.watermark = 7,
                     .settled = {{9, 9}},
                     .attempts = {{7, Attempts{.failed = 3,
                                               .crashes = 1,
                                               .due = kNow + std::chrono::hours{1},
                                               .first_failed = kNow,
                                               .last_error = "the bank is closed"}},
                                  {8, Attempts{.crashes = 2}},
                                  {11, Attempts{.failed = 1, .due = kNow}}},
                     .in_flight_below = 20});
}

TEST(CommitRecord, KeepsTheLongestErrorOfOne) {
  expect_round_trip({.watermark = 7,
                     .attempts = {{7, Attempts{.failed = 1,
                                               .due = kNow,
                                               .first_failed = kNow,
                                               .last_error = std::string(transport::kErrorTextMax, 'e')}}}});
}

TEST(CommitRecord, CutsErrorsOfManyAndKeepsTheirCounts) {
  CommitRecord record{.watermark = 100};
  for (int i = 0; i < 100; ++i) {
    record.attempts[100 + 2 * i] = {.failed = i,
                                    .due = kNow + std::chrono::minutes{i},
                                    .first_failed = kNow,
                                    .last_error = std::string(transport::kErrorTextMax, 'e')};
  }
  const std::string metadata = metadata_of(record);
  EXPECT_LE(metadata.size(), kCommitMetadataMax);
  const auto read = read_commit(100, metadata);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->attempts.size(), 100u);
  for (auto& [offset, attempts] : record.attempts) {
    attempts.last_error = read->attempts.at(offset).last_error;
    EXPECT_EQ(read->attempts.at(offset), attempts);
  }
}

TEST(CommitRecord, HasRoomForAThousandGaps) {
  CommitRecord record{.watermark = 1};
  for (std::int64_t offset = 2; offset < 2'000; offset += 2) record.settled.push_back({offset, offset});
  EXPECT_LE(metadata_of(record).size(), kCommitMetadataMax);
}

TEST(CommitRecord, TakesNothingFromForeignMetadata) {
  for (const char* text : {"", "checkpoint 7", "tidings0:AAAA"}) {
    const auto read = read_commit(7, text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, CommitRecord{.watermark = 7}) << text;
  }
}

TEST(CommitRecord, RefusesWhatIsDamaged) {
  const std::string metadata = metadata_of({.watermark = 7, .settled = {{8, 9}, {11, 30}}, .in_flight_below = 40});
  EXPECT_EQ(read_commit(7, "tidings1:!").error().kind, ErrorKind::corrupt);
  EXPECT_EQ(read_commit(7, metadata.substr(0, metadata.size() - 4)).error().kind, ErrorKind::corrupt);
}

TEST(CommitRecordTest, GoesOnBehindWhatIsGone) {
  const CommitRecord record{.watermark = 10,
                            .settled = {{12, 13}, {15, 17}, {20, 21}},
                            .attempts = {{10, {.failed = 1}}, {14, {.failed = 2}}, {18, {.failed = 3}}},
                            .in_flight_below = 19};
  const struct {
    std::int64_t begin;
    std::uint64_t lost;
    std::int64_t watermark;
    std::vector<OffsetRange> settled;
    std::size_t attempts;
  } cases[] = {{9, 0, 10, {{12, 13}, {15, 17}, {20, 21}}, 3},
               {10, 0, 10, {{12, 13}, {15, 17}, {20, 21}}, 3},
               {11, 1, 11, {{12, 13}, {15, 17}, {20, 21}}, 2},
               {12, 2, 14, {{15, 17}, {20, 21}}, 2},
               {16, 3, 18, {{20, 21}}, 1},
               {19, 4, 19, {{20, 21}}, 0},
               {100, 83, 100, {}, 0}};
  for (const auto& expected : cases) {
    CommitRecord skipped = record;
    EXPECT_EQ(skip_to(skipped, expected.begin), expected.lost) << expected.begin;
    EXPECT_EQ(skipped.watermark, expected.watermark) << expected.begin;
    EXPECT_EQ(skipped.settled, expected.settled) << expected.begin;
    EXPECT_EQ(skipped.attempts.size(), expected.attempts) << expected.begin;
  }
}

// Found by fuzzing: the distance of what is in flight, added to the offset, overflowed.
TEST(CommitRecord, RefusesOffsetsBeyondTheLast) {
  const auto read = read_commit(100, "tidings1:////////////AAAAAA==");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace tidings::kafka
