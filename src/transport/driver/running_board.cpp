#include "transport/driver/running_board.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>

#include "base/boot_id.hpp"

namespace tidings::transport {

namespace {

struct Head {
  std::uint64_t magic;
  std::uint64_t slots;
  char boot[48];
};
static_assert(sizeof(Head) % alignof(std::atomic<std::uint64_t>) == 0);

constexpr std::uint64_t kMagic = 0x7469'6462'6f61'7201;

struct Mapping {
  void* memory = MAP_FAILED;
  int fault = 0;
};

Error board_error(const std::string& path, int code) {
  const std::string what = fmt::format("making the board '{}' failed: {}", path, std::strerror(code));
  if (code == ENOSPC || code == EDQUOT) return overloaded(what + "; make room on this disk");
  if (code == EMFILE || code == ENFILE) return unavailable(what + "; raise the limit of open files (`ulimit -n`)");
  if (code == EACCES || code == EROFS) return invalid(what + "; choose a directory that this user may write to");
  return unavailable(what);
}

Mapping map(int descriptor, std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return {memory, memory == MAP_FAILED ? errno : 0};
}

}  // namespace

void RunningBoard::begin(std::size_t slots) {
  auto* head = new (memory_) Head{.magic = kMagic, .slots = slots, .boot = {}};
  const std::string boot = boot_id().substr(0, sizeof(Head::boot) - 1);
  std::copy(boot.begin(), boot.end(), head->boot);
  auto* first = reinterpret_cast<std::atomic<std::uint64_t>*>(head + 1);
  for (std::size_t i = 0; i < slots; ++i) new (first + i) std::atomic<std::uint64_t>{0};
  slots_ = {first, slots};
}

RunningBoard::~RunningBoard() {
  ::munmap(memory_, bytes_);
}

Result<std::unique_ptr<RunningBoard>> RunningBoard::create(const std::string& path, std::size_t slots) {
  remove_board(path);
  const std::size_t bytes = sizeof(Head) + slots * sizeof(std::uint64_t);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  Mapping mapped{.fault = descriptor < 0 ? errno : ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes))};
  if (mapped.fault == 0) mapped = map(descriptor, bytes);
  if (descriptor >= 0) ::close(descriptor);
  if (mapped.fault != 0) return board_error(path, mapped.fault);
  std::unique_ptr<RunningBoard> board{new RunningBoard{mapped.memory, bytes}};
  board->begin(slots);
  return board;
}

std::unique_ptr<RunningBoard> RunningBoard::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return nullptr;
  struct stat status {};
  Mapping mapped{.fault = ::fstat(descriptor, &status) == 0 ? 0 : errno};
  const auto bytes = static_cast<std::size_t>(status.st_size);
  const bool fits = mapped.fault == 0 && bytes >= sizeof(Head);
  if (fits) mapped = map(descriptor, bytes);
  ::close(descriptor);
  if (!fits || mapped.fault != 0) return nullptr;
  std::unique_ptr<RunningBoard> board{new RunningBoard{mapped.memory, bytes}};
  if (!board->is_whole()) return nullptr;
  const auto* head = static_cast<const Head*>(board->memory_);
  board->slots_ = {reinterpret_cast<std::atomic<std::uint64_t>*>(static_cast<Head*>(board->memory_) + 1), head->slots};
  return board;
}

bool RunningBoard::is_whole() const {
  const auto* head = static_cast<const Head*>(memory_);
  if (head->magic != kMagic || head->slots > kBoardSlotsMax) return false;
  if (bytes_ < sizeof(Head) + head->slots * sizeof(std::uint64_t)) return false;
  const std::string_view boot{head->boot, ::strnlen(head->boot, sizeof(Head::boot))};
  return boot == std::string_view{boot_id()}.substr(0, sizeof(Head::boot) - 1);
}

std::vector<std::uint64_t> read_board(const std::string& path) {
  const auto board = RunningBoard::open(path);
  std::vector<std::uint64_t> tokens;
  if (board == nullptr) return tokens;
  for (const auto& slot : board->slots()) tokens.push_back(slot.load());
  std::erase(tokens, 0u);
  return tokens;
}

bool can_read_board(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
  ::close(descriptor);
  return true;
}

void remove_board(const std::string& path) {
  ::unlink(path.c_str());
}

}  // namespace tidings::transport
