#include "operate/local_directory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "operate/display.hpp"

namespace tidings::operate {

namespace {

constexpr std::string_view kFormatFile = "format";
constexpr unsigned kOthers = 0077;
// Below these there is soon no room to settle what was published.
constexpr std::uint64_t kFreeWarn = 1ull << 30;
constexpr std::uint64_t kFreeFail = 64ull << 20;

Finding permissions(const DirectoryFacts& facts) {
  constexpr const char* kCheck = "permissions";
  if ((facts.mode & kOthers) != 0) {
    return {
        .level = Level::warn,
        .check = kCheck,
        .what = fmt::format("{} has mode {:04o}: other users may read or change the events", facts.path, facts.mode),
        .remedy = fmt::format("chmod 700 {}", shell_quoted(facts.path))};
  }
  if (!facts.ours) {
    return {.level = Level::warn,
            .check = kCheck,
            .what = fmt::format("{} belongs to another user", facts.path),
            .remedy = "run the services and this command as that user: files made by another one shut it out"};
  }
  return {
      .level = Level::ok, .check = kCheck, .what = fmt::format("{} is mode {:04o} and ours", facts.path, facts.mode)};
}

Finding room(const DirectoryFacts& facts) {
  Finding finding{
      .level = Level::ok,
      .check = "disk",
      .what = fmt::format("{} of {} free", bytes_text(facts.disk_bytes_free), bytes_text(facts.disk_bytes))};
  if (facts.disk_bytes_free >= kFreeWarn) return finding;
  finding.level = facts.disk_bytes_free < kFreeFail ? Level::fail : Level::warn;
  finding.remedy = "make room on this disk: when it is full, publishes are refused";
  return finding;
}

}  // namespace

std::optional<std::string> directory_of(const transport::Url& url) {
  if (url.scheme != "local") return std::nullopt;
  return url.path;
}

Result<void> expect_store(const transport::Url& url) {
  const auto directory = directory_of(url);
  if (!directory || directory->empty()) return {};  // what is wrong with an empty one, the driver says
  std::error_code fault;
  if (std::filesystem::exists(std::filesystem::path{*directory} / kFormatFile, fault)) return {};
  return unavailable(
      fmt::format("there is no event store in '{}'; name another directory (--transport local:DIR, or "
                  "TIDINGS_TRANSPORT), or start a service there. `tidings publish --create-topic` makes one too",
                  *directory));
}

Result<DirectoryFacts> look_at_directory(const std::string& path) {
  struct stat status {};
  struct statvfs disk {};
  if (::stat(path.c_str(), &status) != 0 || ::statvfs(path.c_str(), &disk) != 0) {
    return unavailable(fmt::format("looking at '{}' failed: {}", path, std::strerror(errno)));
  }
  return DirectoryFacts{.path = path,
                        .mode = static_cast<unsigned>(status.st_mode) & 07777u,
                        .ours = status.st_uid == ::geteuid(),
                        .disk_bytes = disk.f_blocks * disk.f_frsize,
                        .disk_bytes_free = disk.f_bavail * disk.f_frsize};
}

std::vector<Finding> judge_directory(const DirectoryFacts& facts) {
  return {permissions(facts), room(facts)};
}

}  // namespace tidings::operate
