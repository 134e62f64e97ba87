#include "tools/tidings/run_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tidings::cli {

namespace {

constexpr int kOfSignal = 128;

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t count = ::read(from, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
}

int code_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFSIGNALED(status) ? kOfSignal + WTERMSIG(status) : WEXITSTATUS(status);
}

int spawn(std::vector<std::string> command, int output, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int fault = ::posix_spawnp(&pid, arguments.front(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  return fault;
}

}  // namespace

Result<ProgramRun> run_program(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return unavailable(fmt::format("there is no pipe: {}", std::strerror(errno)));
  pid_t pid = 0;
  const int fault = spawn(command, ends[1], pid);
  ::close(ends[1]);
  ProgramRun run;
  if (fault == 0) run.output = read_all(ends[0]);
  ::close(ends[0]);
  if (fault != 0) return unavailable(fmt::format("{} does not start: {}", command.front(), std::strerror(fault)));
  run.code = code_of(pid);
  return run;
}

std::string scripts_folder() {
  std::error_code none;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", none);
  const auto folder = std::filesystem::canonical(program.parent_path().parent_path() / TIDINGS_LIBEXEC, none);
  return std::filesystem::exists(folder / "servers", none) ? folder.string() : std::string{};
}

}  // namespace tidings::cli
