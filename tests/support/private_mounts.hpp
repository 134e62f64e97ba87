// File systems of a test's own: mounted where no other process sees them, and gone with this one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace tidings::testing {

// Gives this process a mount namespace of its own; where it is not root also a user namespace. Empty: it has one.
// Otherwise why it cannot be had here. To be called before the process has other threads.
std::string enter_private_mounts();

// Mounted at `at` until the end; each throws std::system_error when that fails.
class PrivateMount final {
 public:
  static PrivateMount memory(const std::filesystem::path& at, std::size_t bytes);  // a tmpfs of that size
  static PrivateMount read_only(const std::filesystem::path& at);                  // what is there, as it is
  static PrivateMount image(const std::filesystem::path& file,
                            const std::filesystem::path& at);  // of a disk, by mount(8)

  PrivateMount(PrivateMount&& other) noexcept;
  PrivateMount& operator=(PrivateMount&&) = delete;
  ~PrivateMount();

 private:
  explicit PrivateMount(std::filesystem::path at);

  std::filesystem::path at_;
};

// What `write` returns in a child process that has no rights beyond those of user "nobody"; where we are not root, as
// who we are. For what permissions refuse. Throws std::system_error when there can be no such process.
std::string as_nobody(const std::function<std::string()>& write);

}  // namespace tidings::testing
