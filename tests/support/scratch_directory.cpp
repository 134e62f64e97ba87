#include "tests/support/scratch_directory.hpp"

#include <stdlib.h>

#include <fstream>
#include <system_error>

namespace tidings::testing {

ScratchDirectory::ScratchDirectory(const std::filesystem::path& parent) {
  std::string name = parent / "tidings-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::system_error{errno, std::generic_category(), name};
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path ScratchDirectory::write(std::string_view name, std::string_view text) const {
  const auto file = path_ / name;
  std::ofstream{file, std::ios::binary} << text;
  return file;
}

}  // namespace tidings::testing
