#include "transport/kafka/format/history_cursor.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

TEST(HistoryCursor, IsReadBack) {
  const HistoryPlaces places{{0, 5}, {11, 1'000'000'000'000}};
  EXPECT_EQ(cursor_of(places), "0:5,11:1000000000000");
  EXPECT_EQ(places_of(cursor_of(places)), places);
  EXPECT_EQ(places_of(""), HistoryPlaces{});
}

TEST(HistoryCursor, IsNoOtherText) {
  for (const char* text : {"7", "0:", ":5", "0:5,0:6", "0:-5", "-1:5", "0:5;1:6", "0:5x"}) {
    EXPECT_FALSE(places_of(text)) << text;
  }
}

}  // namespace
}  // namespace tidings::kafka
