// The files of a new project, of tools/tidings/init/.
#pragma once

#include <span>
#include <string_view>

namespace tidings::cli {

struct InitFile {
  std::string_view name;
  std::string_view text;  // `{{name}}` and `{{version}}` stand for the project's name and the library's version
};

std::span<const InitFile> init_files();

}  // namespace tidings::cli
