// P7, P9: the tries to claim an inbox are bounded.
#include "service/inbox_claim.hpp"

#include <gmock/gmock.h>

namespace tidings::service {
namespace {

using ::testing::HasSubstr;

// Another instance is always a little faster, and takes back what it wrote.
class ContendedControl final : public transport::Control {
 public:
  Result<std::uint64_t> put(std::string_view, std::optional<std::string_view>, const transport::PutOptions&) override {
    ++tries_;
    return conflict("there is one");
  }
  Result<std::optional<transport::ControlRecord>> get(std::string_view) override {
    return std::optional<transport::ControlRecord>{};
  }
  Result<std::vector<transport::ControlRecord>> list(std::string_view) override {
    return std::vector<transport::ControlRecord>{};
  }
  Result<std::uint64_t> watch(std::uint64_t seen, Time) override { return seen; }

  int tries() const { return tries_; }

 private:
  int tries_ = 0;
};

TEST(ClaimInbox, GivesUpAfterSoManyTries) {
  ContendedControl control;
  const auto claimed = claim_inbox(control, "shop", "store");
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(claimed.error().message, HasSubstr("'shop'"));
  EXPECT_EQ(control.tries(), 5);
}

}  // namespace
}  // namespace tidings::service
