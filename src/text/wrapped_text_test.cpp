#include "text/wrapped_text.hpp"

#include <gtest/gtest.h>

namespace tidings::text {
namespace {

TEST(WrappedText, BreaksBetweenWordsAtTheLastColumn) {
  const std::string word(30, 'w');
  EXPECT_EQ(wrapped(word + ' ' + word + ' ' + word, 0, 2), word + ' ' + word + "\n  " + word);
  EXPECT_EQ(wrapped(std::string(39, 'a') + ' ' + std::string(40, 'b'), 0, 2).find('\n'), std::string::npos);
  EXPECT_EQ(wrapped(std::string(40, 'a') + ' ' + std::string(40, 'b'), 0, 2).find('\n'), 40u);
}

TEST(WrappedText, NeverCutsAWord) {
  const std::string path(100, 'p');
  EXPECT_EQ(wrapped("at " + path, 0, 2), "at\n  " + path);
}

TEST(WrappedText, KeepsTheIndentationOfEachLineOfAParagraph) {
  EXPECT_EQ(paragraph("form\n  option: meaning"), "  form\n    option: meaning\n");
  const std::string long_line = std::string(40, 'a') + ' ' + std::string(40, 'b');
  EXPECT_EQ(paragraph(long_line), "  " + std::string(40, 'a') + "\n      " + std::string(40, 'b') + '\n');
}

}  // namespace
}  // namespace tidings::text
