// A directory of a test's own, removed with all that is in it.
#pragma once

#include <filesystem>
#include <string_view>

namespace tidings::testing {

class ScratchDirectory final {
 public:
  // Throws std::system_error.
  explicit ScratchDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  // Writes a file into it and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace tidings::testing
