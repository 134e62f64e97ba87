#include "tests/conformance/service/worker_plan.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <system_error>

#include "tidings/json.hpp"

namespace tidings::conformance {

void Journal::write(const Entry& entry) const {
  const std::string line = to_json(entry).value() + "\n";
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // One call a line: lines of several processes do not mix.
  const bool written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file >= 0) ::close(file);
  if (!written) throw std::system_error{errno, std::generic_category(), path_};
}

std::vector<Entry> Journal::read() const {
  std::vector<Entry> entries;
  std::ifstream file{path_};
  // A line without its end is being written.
  for (std::string line; std::getline(file, line) && !file.eof();) {
    auto entry = from_json<Entry>(line);
    if (!entry) throw std::runtime_error{path_.string() + ": " + entry.error().message};
    entries.push_back(*std::move(entry));
  }
  return entries;
}

}  // namespace tidings::conformance
