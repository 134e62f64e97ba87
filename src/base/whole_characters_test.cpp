#include "base/whole_characters.hpp"

#include <gtest/gtest.h>

namespace tidings {
namespace {

TEST(WholeCharacters, AreCutBetweenThem) {
  constexpr std::string_view text = "a\u00e4\u20ac";  // of 1, 2 and 3 bytes
  const std::size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6};
  for (std::size_t bytes = 0; bytes < std::size(ends); ++bytes)
    EXPECT_EQ(whole_characters(text, bytes).size(), ends[bytes]) << bytes;
}

TEST(WholeCharacters, OfWhatIsNoTextSomethingIsLeftOut) {
  EXPECT_EQ(whole_characters("\x80\x80\x80", 2), "");
}

}  // namespace
}  // namespace tidings
