#include "transport/local/storage/environment_reading.hpp"

#include <lmdb.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

namespace {

// LMDB's own tree of free pages: a transaction's number -> count, pages.
constexpr MDB_dbi kFreeList = 0;

Bytes bytes(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

bool are_pages(Bytes list, std::uint64_t last_page) {
  constexpr std::uint64_t kFirstPage = 2;  // behind the meta pages
  std::vector<std::uint64_t> numbers(list.size() / sizeof(std::uint64_t));
  std::memcpy(numbers.data(), list.data(), numbers.size() * sizeof(std::uint64_t));
  if (numbers.empty() || numbers[0] + 1 != numbers.size()) return false;
  return std::all_of(numbers.begin() + 1, numbers.end(),
                     [&](std::uint64_t page) { return page >= kFirstPage && page <= last_page; });
}

// Reads all of a tree. Its keys must rise, so that damage can lead to no endless way, and be as many as it says.
bool is_readable(MDB_txn* txn, MDB_dbi tree, std::uint64_t last_page) {
  MDB_stat stat{};
  MDB_cursor* cursor = nullptr;
  if (mdb_stat(txn, tree, &stat) != 0 || mdb_cursor_open(txn, tree, &cursor) != 0) return false;
  MDB_val key{}, value{}, before{};
  std::uint64_t entries = 0;
  volatile unsigned sum = 0;  // so that every page is really read
  int code = 0;
  while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    if (entries++ > 0 && mdb_cmp(txn, tree, &before, &key) >= 0) return false;
    if (tree == kFreeList && !are_pages(bytes(value), last_page)) return false;
    for (const char byte : bytes(value)) sum = sum + static_cast<unsigned char>(byte);
    before = key;
  }
  return code == MDB_NOTFOUND && entries == stat.ms_entries;
}

}  // namespace

int read_through(const std::string& directory) {
  MDB_env* env = nullptr;
  int code = mdb_env_create(&env);
  if (code == 0) code = mdb_env_set_maxdbs(env, kTrees);
  if (code == 0) code = mdb_env_open(env, directory.c_str(), MDB_RDONLY | MDB_NOTLS, 0600);
  MDB_txn* txn = nullptr;
  if (code == 0) code = mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn);
  if (code != 0) return code;
  MDB_envinfo info{};
  if (mdb_env_info(env, &info) != 0 || !is_readable(txn, kFreeList, info.me_last_pgno)) return MDB_CORRUPTED;
  for (const char* name : kTreeNames) {
    MDB_dbi tree = 0;
    if (mdb_dbi_open(txn, name, 0, &tree) != 0 || !is_readable(txn, tree, info.me_last_pgno)) return MDB_CORRUPTED;
  }
  return 0;
}

}  // namespace tidings::local
