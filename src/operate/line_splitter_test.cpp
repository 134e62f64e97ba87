#include "operate/line_splitter.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace tidings::operate {
namespace {

using ::testing::ElementsAre;

struct Lines {
  std::vector<std::string> texts;
  LineSplitter::Visit visit() {
    return [this](const InputLine& line) {
      texts.push_back(std::to_string(line.number) + (line.too_long ? "!" : ":") + std::string{line.text});
    };
  }
};

// A37: publish reads with bounded memory.
TEST(LineSplitter, FindsLinesOverChunks) {
  Lines lines;
  LineSplitter splitter{100};
  for (const char* chunk : {"a\nb", "c", "\n\nd\r\ne"}) splitter.add(chunk, lines.visit());
  EXPECT_THAT(lines.texts, ElementsAre("1:a", "2:bc", "3:", "4:d"));
  splitter.finish(lines.visit());
  EXPECT_THAT(lines.texts, ElementsAre("1:a", "2:bc", "3:", "4:d", "5:e"));
}

TEST(LineSplitter, HasNoLastLineAfterALineEnd) {
  Lines lines;
  LineSplitter splitter{100};
  splitter.add("a\n", lines.visit());
  splitter.finish(lines.visit());
  EXPECT_THAT(lines.texts, ElementsAre("1:a"));
}

TEST(LineSplitter, CutsLinesThatAreTooLongAndGoesOn) {
  Lines lines;
  LineSplitter splitter{4};
  for (const char* chunk : {"12345\n1234\nab", "cde", "fg\nx\n", "12345"}) splitter.add(chunk, lines.visit());
  splitter.finish(lines.visit());
  EXPECT_THAT(lines.texts, ElementsAre("1!1234", "2:1234", "3!abcd", "4:x", "5!1234"));
}

}  // namespace
}  // namespace tidings::operate
