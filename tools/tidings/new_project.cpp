#include "tools/tidings/new_project.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "operate/display.hpp"
#include "tools/tidings/init_files.hpp"

namespace tidings::cli {

namespace {

namespace fs = std::filesystem;

std::string filled(std::string_view text, std::string_view name) {
  std::string result{text};
  for (const auto& [mark, value] : {std::pair<std::string_view, std::string_view>{"{{name}}", name},
                                    std::pair<std::string_view, std::string_view>{"{{version}}", TIDINGS_WANTED}}) {
    for (std::size_t at = 0; (at = result.find(mark, at)) != std::string::npos; at += value.size()) {
      result.replace(at, mark.size(), value);
    }
  }
  return result;
}

Error not_written(const fs::path& path, const std::string& why) {
  return unavailable(
      fmt::format("{} could not be written: {}; nothing was left of it", operate::printable(path.string()), why));
}

// A folder beside the one that is wanted, on the same file system; it goes with what is in it.
class Beside final {
 public:
  explicit Beside(const fs::path& parent) : path_{(parent / ".tidings-init-XXXXXX").string()} {
    made_ = ::mkdtemp(path_.data()) != nullptr;
  }
  ~Beside() {
    std::error_code ignored;
    if (made_) fs::remove_all(path_, ignored);
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  bool made() const { return made_; }
  fs::path path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
};

Result<void> write_files(const fs::path& folder, std::string_view name) {
  for (const InitFile& file : init_files()) {
    std::ofstream stream{folder / file.name};
    stream << filled(file.text, name);
    stream.close();
    if (!stream) return not_written(folder / file.name, std::generic_category().message(errno));
  }
  return {};
}

// rename() takes the place of an empty folder, and of nothing else that is there.
Result<void> put_in_place(const fs::path& made, const fs::path& wanted) {
  std::error_code fault;
  fs::rename(made, wanted, fault);
  if (!fault) return {};
  if (fs::exists(fs::symlink_status(wanted))) {
    return invalid(fmt::format("{} is there, and is no empty folder: choose another name, or move it away",
                               operate::printable(wanted.string())));
  }
  return not_written(wanted, fault.message());
}

}  // namespace

Result<void> check_project_name(std::string_view name) {
  const auto plain = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
  };
  if (!name.empty() && name.size() <= kProjectNameMax && name[0] >= 'a' && name[0] <= 'z' &&
      std::ranges::all_of(name, plain)) {
    return {};
  }
  return invalid(fmt::format(
      "'{}' is no name for a service: write at most {} lower-case letters, digits, '-' and '_', a letter first, as in "
      "order-service",
      operate::printable(name), kProjectNameMax));
}

Result<NewProject> make_project(const fs::path& directory) {
  const fs::path wanted = directory.has_filename() ? directory : directory.parent_path();
  const std::string name = wanted.filename().string();
  if (auto named = check_project_name(name); !named) return named.error();
  const fs::path parent = wanted.has_parent_path() ? wanted.parent_path() : fs::path{"."};
  std::error_code fault;
  fs::create_directories(parent, fault);
  if (fault) return not_written(parent, fault.message());
  const Beside beside{parent};
  if (!beside.made()) return not_written(wanted, std::generic_category().message(errno));
  const fs::path made = beside.path() / name;
  if (!fs::create_directory(made, fault)) return not_written(wanted, fault.message());
  if (auto written = write_files(made, name); !written) return written.error();
  if (auto placed = put_in_place(made, wanted); !placed) return placed.error();
  NewProject project{.directory = wanted.string(), .files = {}};
  for (const InitFile& file : init_files()) project.files.emplace_back(file.name);
  return project;
}

}  // namespace tidings::cli
