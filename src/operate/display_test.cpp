#include "operate/display.hpp"

#include <gtest/gtest.h>

namespace tidings::operate {
namespace {

// A37: untrusted data is escaped on terminals.
TEST(Display, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("plain Zürich 注文"), "plain Zürich 注文");
  EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable(std::string_view{"a\0b", 3}), "a\\x00b");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u{9b}31m");  // the one-character CSI
  EXPECT_EQ(printable("abc\xe2\x80\xae"
                      "def"),
            "abc\\u{202e}def");  // right-to-left override
}

TEST(Display, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("a\xff\xfe"), "a\\xff\\xfe");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                    // cut off
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // a slash in two bytes
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
}

TEST(Display, KeepsTheLinesOfATextOfSeveral) {
  EXPECT_EQ(printable_lines("a\n\tb\x1b\r\n"), "a\n\tb\\x1b\\r\n");
}

TEST(Display, TellsUtf8FromOtherBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("Zürich 注文 \U0001F600"));
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("\xf5\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
}

TEST(Display, LeavesNothingToObeyInJson) {
  EXPECT_EQ(harmless_json(R"({"a":"b"})"), R"({"a":"b"})");
  EXPECT_EQ(harmless_json("[\"\xc2\x9b\x7f ü \xe2\x80\xae\"]"), "[\"\\u009b\\u007f ü \\u202e\"]");
  EXPECT_EQ(harmless_json("[\"\U000E0001\"]"), "[\"\\udb40\\udc01\"]");
}

TEST(Display, CountsColumnsNotBytes) {
  EXPECT_EQ(width_of("abc"), 3u);
  EXPECT_EQ(width_of("Zürich"), 6u);
  EXPECT_EQ(width_of("注文"), 4u);
  EXPECT_EQ(width_of("e\u0301"), 1u);
}

TEST(Display, ShortensToTheColumnsThatAreThere) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdef", 5), "abcd…");
  EXPECT_EQ(shortened("注文注文", 5), "注文…");
  EXPECT_EQ(shortened("注文注文", 4), "注…");
  EXPECT_EQ(shortened("abc", 1), "…");
}

TEST(Display, WritesBytesWithTheirUnit) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text((1u << 20) - 1), "1.0 MiB");
  EXPECT_EQ(bytes_text(10ull << 30), "10.0 GiB");
}

TEST(Display, QuotesForAShell) {
  EXPECT_EQ(shell_quoted("local:./.tidings"), "local:./.tidings");
  EXPECT_EQ(shell_quoted("local:a?sync=none"), "'local:a?sync=none'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted(""), "''");
}

}  // namespace
}  // namespace tidings::operate
