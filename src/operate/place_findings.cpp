#include "operate/place_findings.hpp"

#include <fmt/format.h>

#include "operate/display.hpp"

namespace tidings::operate {

namespace {

using transport::DirectoryState;
using transport::Place;

constexpr unsigned kOthers = 0077;
// Below these there is soon no room to settle what was published.
constexpr std::uint64_t kFreeWarn = 1ull << 30;
constexpr std::uint64_t kFreeFail = 64ull << 20;

Finding permissions(const DirectoryState& state) {
  constexpr const char* kCheck = "permissions";
  if ((state.mode & kOthers) != 0) {
    return {
        .level = Level::warn,
        .check = kCheck,
        .what = fmt::format("{} has mode {:04o}: other users may read or change the events", state.path, state.mode),
        .remedy = fmt::format("chmod 700 {}", shell_quoted(state.path))};
  }
  if (!state.ours) {
    return {.level = Level::warn,
            .check = kCheck,
            .what = fmt::format("{} belongs to another user", state.path),
            .remedy = "run the services and this command as that user: files made by another one shut it out"};
  }
  return {
      .level = Level::ok, .check = kCheck, .what = fmt::format("{} is mode {:04o} and ours", state.path, state.mode)};
}

Finding room(const DirectoryState& state) {
  Finding finding{
      .level = Level::ok,
      .check = "disk",
      .what = fmt::format("{} of {} free", bytes_text(state.disk_bytes_free), bytes_text(state.disk_bytes))};
  if (state.disk_bytes_free >= kFreeWarn) return finding;
  finding.level = state.disk_bytes_free < kFreeFail ? Level::fail : Level::warn;
  finding.remedy = "make room on this disk: when it is full, publishes are refused";
  return finding;
}

}  // namespace

Result<void> expect_shared(const transport::Url& url, const Place& place) {
  if (place.reach != transport::Reach::process) return {};
  return invalid(fmt::format(
      "`{}:` lives in the process of one service, so there is nothing in it to show or to change from here; "
      "name where events of several processes are (--transport local:DIR, or TIDINGS_TRANSPORT)",
      url.scheme));
}

Result<void> expect_deployed(const transport::Url& url, const Place& place) {
  if (place.deployed) return {};
  return unavailable(
      fmt::format("there is no event store in '{0}'; name another directory (--transport {1}:DIR, or "
                  "TIDINGS_TRANSPORT), or start a service there. `tidings publish --create-topic` makes one too",
                  url.path, url.scheme));
}

std::vector<Finding> judge_place(const Place& place) {
  if (!place.directory) return {};
  return {permissions(*place.directory), room(*place.directory)};
}

}  // namespace tidings::operate
