#include "transport/local/running_board.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

#include "transport/local/process_name.hpp"

namespace tidings::local {

namespace {

struct Head {
  std::uint64_t magic;
  std::uint64_t slots;
  char boot[48];
};
static_assert(sizeof(Head) % alignof(std::atomic<std::uint64_t>) == 0);

constexpr std::uint64_t kMagic = 0x7469'6462'6f61'7201;

std::string path_of(const std::string& directory, MemberId member) {
  return fmt::format("{}/board-{}", directory, member);
}

}  // namespace

RunningBoard::RunningBoard(void* memory, std::size_t bytes, std::size_t slots) : memory_{memory}, bytes_{bytes} {
  auto* head = new (memory) Head{.magic = kMagic, .slots = slots, .boot = {}};
  const std::string boot = boot_id().substr(0, sizeof(Head::boot) - 1);
  std::copy(boot.begin(), boot.end(), head->boot);
  auto* first = reinterpret_cast<std::atomic<std::uint64_t>*>(head + 1);
  for (std::size_t i = 0; i < slots; ++i) new (first + i) std::atomic<std::uint64_t>{0};
  slots_ = {first, slots};
}

RunningBoard::~RunningBoard() {
  ::munmap(memory_, bytes_);
}

Result<std::unique_ptr<RunningBoard>> RunningBoard::create(const std::string& directory, MemberId member,
                                                           std::size_t slots) {
  const std::string path = path_of(directory, member);
  const std::size_t bytes = sizeof(Head) + slots * sizeof(std::uint64_t);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int fault = descriptor < 0 ? errno : ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  void* memory = MAP_FAILED;
  if (fault == 0) {
    memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    fault = memory == MAP_FAILED ? errno : 0;
  }
  if (descriptor >= 0) ::close(descriptor);
  if (fault != 0) return unavailable(fmt::format("making the board '{}' failed: {}", path, std::strerror(fault)));
  return std::unique_ptr<RunningBoard>{new RunningBoard{memory, bytes, slots}};
}

std::vector<std::uint64_t> read_board(const std::string& directory, MemberId member) {
  std::ifstream file{path_of(directory, member), std::ios::binary};
  Head head{};
  if (!file.read(reinterpret_cast<char*>(&head), sizeof head)) return {};
  head.boot[sizeof head.boot - 1] = '\0';
  if (head.magic != kMagic || head.slots > kBoardSlotsMax || boot_id() != head.boot) return {};
  std::vector<std::uint64_t> tokens(head.slots);
  file.read(reinterpret_cast<char*>(tokens.data()),
            static_cast<std::streamsize>(tokens.size() * sizeof(std::uint64_t)));
  if (!file) return {};
  std::erase(tokens, 0u);
  return tokens;
}

void remove_board(const std::string& directory, MemberId member) {
  ::unlink(path_of(directory, member).c_str());
}

}  // namespace tidings::local
