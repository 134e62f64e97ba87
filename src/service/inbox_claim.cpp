#include "service/inbox_claim.hpp"

#include <fmt/format.h>

namespace tidings::service {

namespace {

constexpr int kClaimTriesMax = 5;

}  // namespace

Result<void> claim_inbox(transport::Control& control, const std::string& group, const std::string& store_id) {
  const std::string key = "inbox/" + group;
  for (int tries = 0; tries < kClaimTriesMax; ++tries) {
    auto known = control.get(key);
    if (!known) return known.error();
    if (*known) {
      if ((*known)->value == store_id) return {};
      return invalid(
          fmt::format("group '{}' has its inbox in the store {}, this instance brings {}: use one database for "
                      "all instances of the group, or remove the group first",
                      group, (*known)->value, store_id));
    }
    auto put = control.put(key, store_id, {.expected = 0});
    if (put) return {};
    if (put.error().kind != ErrorKind::conflict) return put.error();
  }
  return unavailable(
      fmt::format("the inbox of group '{}' could not be registered: others change it all the time", group));
}

}  // namespace tidings::service
