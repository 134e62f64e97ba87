#include "tests/endurance/power_cut.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <stdexcept>

namespace tidings::endurance {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kPage = 4'096;
constexpr std::size_t kSector = 512;

// A file that was made, whatever its names; its entries are indices into the log.
struct File {
  std::vector<std::size_t> changes;
  std::size_t synced = 0;  // of them, so many are on the disk
};

struct Directory {
  std::vector<std::size_t> changes;  // of names in it
  std::size_t synced = 0;
};

// Which of the unsynced made it to the disk: none of a cut's, all, or some.
class Luck final {
 public:
  explicit Luck(std::uint64_t seed) : random_{seed} {
    constexpr int kShares = 4;
    share_ = static_cast<double>(between(0, kShares)) / kShares;
  }
  bool kept() { return std::bernoulli_distribution{share_}(random_); }
  bool torn() { return std::bernoulli_distribution{0.05}(random_); }
  bool half() { return std::bernoulli_distribution{0.5}(random_); }
  std::size_t between(std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>{least, most}(random_);
  }

 private:
  std::mt19937_64 random_;
  double share_ = 0;
};

void put(std::string& content, std::size_t offset, std::string_view data) {
  if (content.size() < offset + data.size()) content.resize(offset + data.size());
  std::copy(data.begin(), data.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
}

// Splits at multiples of `unit` of the file.
template <class Each>
void pieces(std::size_t offset, std::string_view data, std::size_t unit, const Each& each) {
  while (!data.empty()) {
    const std::size_t bytes = std::min(data.size(), unit - offset % unit);
    each(offset, data.substr(0, bytes));
    offset += bytes;
    data.remove_prefix(bytes);
  }
}

void put_some(std::string& content, std::size_t at, std::string_view data, Luck& luck) {
  pieces(at, data, kPage, [&](std::size_t offset, std::string_view page) {
    const bool kept = luck.kept();
    if (!luck.torn()) {
      if (kept) put(content, offset, page);
      return;
    }
    pieces(offset, page, kSector, [&](std::size_t place, std::string_view sector) {
      if (luck.half()) put(content, place, sector);
    });
  });
}

}  // namespace

PowerCut::PowerCut(const fs::path& log) {
  std::ifstream file{log, std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  std::string_view left{bytes};
  while (!left.empty()) {
    Entry entry;
    if (left.size() < sizeof entry.head) throw std::runtime_error{log.string() + " ends in the midst of an entry"};
    std::memcpy(&entry.head, left.data(), sizeof entry.head);
    left.remove_prefix(sizeof entry.head);
    if (left.size() < entry.head.path_bytes + entry.head.data_bytes) throw std::runtime_error{log.string() + " is cut"};
    entry.path = left.substr(0, entry.head.path_bytes);
    entry.data = left.substr(entry.head.path_bytes, entry.head.data_bytes);
    left.remove_prefix(entry.head.path_bytes + entry.head.data_bytes);
    if (disk_.empty()) disk_ = fs::path{entry.path}.parent_path();
    entries_.push_back(std::move(entry));
  }
}

std::string PowerCut::said(std::size_t point) const {
  std::string all;
  for (std::size_t i = 0; i < point; ++i) {
    if (entries_[i].head.change == Change::say) all += entries_[i].data;
  }
  return all;
}

std::size_t PowerCut::point_of(std::string_view text) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].head.change == Change::say && entries_[i].data.find(text) != std::string::npos) return i + 1;
  }
  return entries_.size();
}

std::size_t PowerCut::next_said(std::size_t point) const {
  for (std::size_t i = point; i < entries_.size(); ++i) {
    if (entries_[i].head.change == Change::say) return i + 1;
  }
  return entries_.size();
}

namespace {

// The state of a disk at a point, as far as it is certain, and what is not.
template <class Entries>
class Disk final {
 public:
  Disk(const Entries& entries, std::size_t point, std::string root) : entries_{entries}, root_{std::move(root)} {
    for (std::size_t i = 0; i < point; ++i) take(i);
  }

  void write(const fs::path& to, Luck& luck) {
    fs::create_directories(to);
    write_directory(root_, to, luck);
  }

 private:
  void take(std::size_t i) {
    const auto& entry = entries_[i];
    switch (entry.head.change) {
      case Change::say:
        return;
      case Change::make:
        current_[entry.head.file] = files_.size();
        made_[i] = files_.size();
        files_.emplace_back();
        [[fallthrough]];
      case Change::make_directory:
      case Change::rename:
      case Change::remove:
        directories_[fs::path{entry.path}.parent_path()].changes.push_back(i);
        return;
      case Change::sync_directory: {
        Directory& directory = directories_[entry.path];
        directory.synced = directory.changes.size();
        return;
      }
      case Change::write:
      case Change::resize:
        file(entry.head.file).changes.push_back(i);
        return;
      case Change::sync:
        file(entry.head.file).synced = file(entry.head.file).changes.size();
        return;
    }
  }

  File& file(std::uint64_t inode) {
    const auto known = current_.find(inode);
    if (known == current_.end()) throw std::runtime_error{"a file was changed that was not seen made"};
    return files_[known->second];
  }

  // What lies behind each name: the entry that made it.
  std::map<std::string, std::size_t> names_of(const std::string& path, Luck& luck) {
    const Directory& directory = directories_[path];
    const std::size_t kept = luck.between(directory.synced, directory.changes.size());
    std::map<std::string, std::size_t> names;
    for (std::size_t i = 0; i < kept; ++i) {
      const std::size_t change = directory.changes[i];
      const auto& entry = entries_[change];
      const std::string name = fs::path{entry.path}.filename();
      if (entry.head.change == Change::remove) names.erase(name);
      if (entry.head.change == Change::make || entry.head.change == Change::make_directory) names[name] = change;
      if (entry.head.change != Change::rename) continue;
      names[fs::path{entry.data}.filename()] = names.at(name);
      names.erase(name);
    }
    return names;
  }

  void write_directory(const std::string& path, const fs::path& to, Luck& luck) {
    for (const auto& [name, change] : names_of(path, luck)) {
      if (entries_[change].head.change == Change::make_directory) {
        fs::create_directory(to / name);
        write_directory(entries_[change].path, to / name, luck);
        continue;
      }
      std::ofstream{to / name, std::ios::binary} << content_of(files_[made_.at(change)], luck);
    }
  }

  std::string content_of(const File& file, Luck& luck) {
    std::string content;
    for (std::size_t i = 0; i < file.changes.size(); ++i) {
      const auto& entry = entries_[file.changes[i]];
      const bool certain = i < file.synced || entry.head.synced != 0;
      if (entry.head.change == Change::resize) {
        if (certain || luck.kept()) content.resize(entry.head.offset);
      } else if (certain) {
        put(content, entry.head.offset, entry.data);
      } else {
        put_some(content, entry.head.offset, entry.data, luck);
      }
    }
    return content;
  }

  const Entries& entries_;
  const std::string root_;
  std::vector<File> files_;
  std::map<std::uint64_t, std::size_t> current_;  // by inode
  std::map<std::size_t, std::size_t> made_;       // the file that an entry made
  std::map<std::string, Directory> directories_;
};

}  // namespace

void PowerCut::rebuild(std::size_t point, std::uint64_t seed, const fs::path& to) const {
  Luck luck{seed * 1'000'003 + point};
  Disk{entries_, point, disk_.string()}.write(to, luck);
}

}  // namespace tidings::endurance
