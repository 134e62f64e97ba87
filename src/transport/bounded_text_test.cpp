#include "transport/bounded_text.hpp"

#include <gtest/gtest.h>

#include "tidings/transport/settlement.hpp"

namespace tidings::transport {
namespace {

TEST(BoundedText, CutsBetweenCharacters) {
  const std::string text = std::string(kErrorTextMax - 1, 'x') + "\xC3\xA4";
  EXPECT_EQ(bounded_text(text), std::string(kErrorTextMax - 1, 'x'));
  EXPECT_EQ(bounded_text("short"), "short");
}

}  // namespace
}  // namespace tidings::transport
