#include "tidings/transport/record.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tidings::transport {
namespace {

// A15: what was received can be written back byte-equal.
const std::array kHeaders{HeaderView{"trace", "1"}, HeaderView{"empty", std::nullopt}, HeaderView{"trace", "2"}};

RecordView full_view() {
  return {.topic = "orders",
          .key = std::string_view{"k\0y", 3},
          .id = "id-1",
          .type = "OrderCreated",
          .correlation_id = "c-1",
          .content_type = "application/json",
          .time = Time{std::chrono::seconds{5}},
          .headers = kHeaders,
          .broker_fields = "raw",
          .body = "{}"};
}

TEST(Record, KeepsEveryFieldOfAView) {
  const Record expected{.topic = "orders",
                        .key = std::string{"k\0y", 3},
                        .id = "id-1",
                        .type = "OrderCreated",
                        .correlation_id = "c-1",
                        .content_type = "application/json",
                        .time = Time{std::chrono::seconds{5}},
                        .headers = {{"trace", "1"}, {"empty", std::nullopt}, {"trace", "2"}},
                        .broker_fields = "raw",
                        .body = "{}"};
  EXPECT_EQ(to_record(full_view()), expected);
}

TEST(Record, KeepsAbsentApartFromEmpty) {
  const Record record = to_record({.topic = "t", .key = "", .body = std::nullopt});
  EXPECT_EQ(record.key, "");
  EXPECT_EQ(record.body, std::nullopt);
  EXPECT_EQ(record.time, std::nullopt);
}

TEST(Record, HasOneSizeAsViewAndAsCopy) {
  EXPECT_EQ(size_of(full_view()), size_of(to_record(full_view())));
  EXPECT_EQ(size_of(Record{.topic = "ab", .key = "c", .headers = {{"h", "vw"}, {"n", std::nullopt}}, .body = "12345"}),
            2u + 1 + 3 + 1 + 5);
}

TEST(Record, ReadsTheLastHeaderOfAName) {
  EXPECT_EQ(last_header(kHeaders, "trace"), "2");
  EXPECT_EQ(last_header(kHeaders, "empty"), std::nullopt);
  EXPECT_EQ(last_header(kHeaders, "other"), std::nullopt);
}

}  // namespace
}  // namespace tidings::transport
