#include "tools/tidings/table.hpp"

#include <gtest/gtest.h>

namespace tidings::cli {
namespace {

Table errors() {
  Table table{{{"ID"}, {"COUNT", Align::right}, {"ERROR", Align::left, Fit::cuttable}}};
  table.add({"a", "12", "the bank did not answer in time"});
  table.add({"long-id", "3", "no"});
  return table;
}

// A37: aligned tables; cut with … on a terminal only.
TEST(Table, AlignsItsColumns) {
  EXPECT_EQ(errors().text(std::nullopt),
            "ID       COUNT  ERROR\n"
            "a           12  the bank did not answer in time\n"
            "long-id      3  no\n");
}

TEST(Table, IsCutToTheTerminal) {
  EXPECT_EQ(errors().text(30),
            "ID       COUNT  ERROR\n"
            "a           12  the bank did …\n"
            "long-id      3  no\n");
}

TEST(Table, NeverCutsWhatMustBeWhole) {
  EXPECT_EQ(errors().text(5),
            "ID       COUNT  ERROR\n"
            "a           12  the ban…\n"
            "long-id      3  no\n");
}

TEST(Table, CutsTheWidestFirst) {
  Table table{{{"A", Align::left, Fit::cuttable}, {"B", Align::left, Fit::cuttable}}};
  table.add({"0123456789", "0123456789012345678"});
  EXPECT_EQ(table.text(24), "A           B\n0123456789  01234567890…\n");
}

TEST(Table, EscapesWhatATerminalWouldObey) {
  Table table{{{"A"}}};
  table.add({"x\x1b[2Jy\nz"});
  EXPECT_EQ(table.text(std::nullopt), "A\nx\\x1b[2Jy\\nz\n");
}

}  // namespace
}  // namespace tidings::cli
