#include "transport/local/storage/lmdb_environment.hpp"

#include <fmt/format.h>
#include <lmdb.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <vector>

#include "base/flaw.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/storage/process_name.hpp"
#include "transport/local/storage/store_directory.hpp"

namespace tidings::local {

namespace {

constexpr MDB_dbi kFreeList = 0;  // LMDB's own tree of free pages: a transaction's number -> count, pages

MDB_val val(Bytes bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

MDB_val val(const std::uint64_t& number) {
  return {sizeof number, const_cast<std::uint64_t*>(&number)};
}

Bytes bytes(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

unsigned flags_of(Sync sync) {
  switch (sync) {
    case Sync::commit:
      return flawed(Flaw::local_commit_unsynced) ? MDB_NOSYNC : 0;
    case Sync::meta:
      return MDB_NOMETASYNC;
    case Sync::none:
      return MDB_NOSYNC;
  }
  return 0;
}

}  // namespace

Error store_error(int code, std::string_view doing) {
  const std::string what = fmt::format("the store failed while {}: {}", doing, mdb_strerror(code));
  switch (code) {
    case MDB_MAP_FULL:
      return overloaded(what + "; it is full to its reserve: remove groups or dead letters, or raise size_max");
    case ENOSPC:
    case EDQUOT:
      return overloaded(what + "; the disk is full: make room on it");
    case EMFILE:
    case ENFILE:
      return unavailable(what + "; raise the limit of open files (`ulimit -n`)");
    case EACCES:
    case EPERM:
    case EROFS:
      return invalid(what + "; see that this user may read and write all files of the store");
    case MDB_READERS_FULL:
      return overloaded(what + "; too many readers at once");
    case MDB_MAP_RESIZED:
      return unavailable(what + "; another process opened it with a larger size_max: restart this one");
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_BAD_TXN:
      return corrupt(what + "; keep the directory, and restore a backup");
    case MDB_PANIC:
      return unavailable(what + "; an earlier write failed: restart this process");
    case MDB_BAD_VALSIZE:
      return invalid(what);
    default:
      return unavailable(what);
  }
}

Result<std::unique_ptr<Environment>> Environment::open(const std::string& directory, std::uint64_t map_bytes,
                                                       Sync sync) {
  std::unique_ptr<Environment> environment{new Environment};
  if (auto lock = fill_lock_file(directory); !lock) return lock.error();
  int code = mdb_env_create(&environment->env_);
  if (code == 0) code = mdb_env_set_mapsize(environment->env_, map_bytes);
  if (code == 0) code = mdb_env_set_maxdbs(environment->env_, kTrees);
  if (code == 0) code = mdb_env_set_maxreaders(environment->env_, kReadersMax);
  if (code == 0) code = mdb_env_open(environment->env_, directory.c_str(), MDB_NOTLS | flags_of(sync), 0600);
  if (code != 0) return store_error(code, fmt::format("opening '{}'", directory));
  environment->check_readers();
  return environment;
}

Environment::~Environment() {
  if (env_ != nullptr) mdb_env_close(env_);
}

Result<void> Environment::open_trees() {
  return take_handles(Trees::existing);
}

Result<void> Environment::create_trees() {
  return take_handles(Trees::created);
}

Result<void> Environment::take_handles(Trees trees) {
  const bool create = trees == Trees::created;
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, create ? 0u : MDB_RDONLY, &txn);
  if (code != 0) return store_error(code, "opening its trees");
  for (std::size_t i = 0; i < kTrees && code == 0; ++i) {
    const bool events = i == static_cast<std::size_t>(Tree::events);
    code = mdb_dbi_open(txn, kTreeNames[i], (create ? MDB_CREATE : 0u) | (events ? MDB_INTEGERKEY : 0u), &handles_[i]);
  }
  if (code == 0) {
    code = mdb_txn_commit(txn);  // of a reading one, too: it keeps the handles
  } else {
    mdb_txn_abort(txn);
  }
  if (code == MDB_NOTFOUND)
    return corrupt("the store lacks one of its trees: keep the directory, and restore a backup");
  if (code != 0) return store_error(code, "opening its trees");
  return {};
}

Result<void> Environment::set_map(std::uint64_t size) {
  if (const int code = mdb_env_set_mapsize(env_, size); code != 0) return store_error(code, "sizing its map");
  return {};
}

int Environment::check_readers() {
  int dead = 0;
  return mdb_reader_check(env_, &dead) == 0 ? dead : 0;
}

Result<void> Environment::sync() {
  if (const int code = mdb_env_sync(env_, 1); code != 0) return store_error(code, "writing it to the disk");
  return {};
}

Result<void> Environment::copy_to(int descriptor) {
  const int code = mdb_env_copyfd2(env_, descriptor, MDB_CP_COMPACT);
  if (code == MDB_INCOMPATIBLE) {
    return corrupt(
        "the store failed while copying it: pages of it are neither used nor free; stop its services, and copy its "
        "directory as it is");
  }
  if (code != 0) return store_error(code, "copying it");
  return {};
}

bool Environment::is_disk_full() const {
  const char* path = nullptr;
  struct statvfs disk {};
  if (mdb_env_get_path(env_, &path) != 0 || ::statvfs(path, &disk) != 0) return false;
  return disk.f_bavail * disk.f_frsize < kCommitBytesMax;
}

std::string Environment::why_full() {
  check_readers();  // a dead one would keep freed pages from being reused
  const auto oldest = oldest_reader();
  if (!oldest || !is_stopped(oldest->pid)) return "";
  return fmt::format(
      "; process {0} is stopped in the midst of a read (SIGSTOP, a debugger), so that no room is freed: let it go on "
      "(`kill -CONT {0}`) or end it (`kill -KILL {0}`)",
      oldest->pid);
}

std::optional<Environment::Reader> Environment::oldest_reader() const {
  std::optional<Reader> oldest;
  // A line of LMDB's: pid, thread (hexadecimal), number of the state; `-` where it reads nothing.
  const auto take = [](const char* line, void* context) {
    auto& found = *static_cast<std::optional<Reader>*>(context);
    std::istringstream fields{line};
    Reader reader;
    std::string thread;
    if (!(fields >> reader.pid >> thread >> reader.state)) return 0;
    if (!found || reader.state < found->state) found = reader;
    return 0;
  };
  mdb_reader_list(env_, take, &oldest);
  return oldest;
}

std::uint64_t Environment::map_bytes() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return info.me_mapsize;
}

std::uint64_t Environment::page_bytes() const {
  MDB_stat stat{};
  mdb_env_stat(env_, &stat);
  return stat.ms_psize;
}

std::uint64_t Environment::pages_high() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return info.me_last_pgno + 1;
}

unsigned Environment::readers_high() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return info.me_numreaders;
}

std::uint64_t Transaction::state() const {
  return txn_ == nullptr ? 0 : mdb_txn_id(txn_);
}

bool Transaction::found(int code, std::string_view doing) {
  if (code == 0) return true;
  if (code == MDB_NOTFOUND || !status_) return false;
  status_ = store_error(code, doing);
  if (code == MDB_MAP_FULL) status_ = overloaded(status_.error().message + environment_->why_full());
  return false;
}

std::optional<Bytes> Transaction::get(Tree tree, Bytes key) {
  if (!usable() || key.empty() || key.size() > kTreeKeyMax) return std::nullopt;
  MDB_val k = val(key);
  MDB_val v{};
  if (!found(mdb_get(txn_, environment_->handle(tree), &k, &v), "reading")) return std::nullopt;
  return bytes(v);
}

std::optional<Bytes> Transaction::event(std::uint64_t sequence) {
  if (!usable()) return std::nullopt;
  MDB_val k = val(sequence);
  MDB_val v{};
  if (!found(mdb_get(txn_, environment_->handle(Tree::events), &k, &v), "reading an event")) return std::nullopt;
  return bytes(v);
}

bool Transaction::has_prefix(Tree tree, Bytes prefix) {
  TreeCursor cursor{*this, tree};
  return cursor.seek(prefix) && cursor.key().starts_with(prefix);
}

std::uint64_t Transaction::entries(Tree tree) {
  if (!usable()) return 0;
  MDB_stat stat{};
  found(mdb_stat(txn_, environment_->handle(tree), &stat), "counting");
  return stat.ms_entries;
}

std::uint64_t ReadTransaction::free_pages() {
  return free_pages_until(UINT64_MAX);
}

std::uint64_t ReadTransaction::reusable_pages() {
  const auto oldest = environment_->oldest_reader();
  return free_pages_until(oldest ? oldest->state : UINT64_MAX);
}

std::uint64_t ReadTransaction::free_pages_until(std::uint64_t state) {
  std::uint64_t pages = 0;
  MDB_cursor* cursor = nullptr;
  if (!usable() || !found(mdb_cursor_open(txn_, kFreeList, &cursor), "counting free pages")) return 0;
  MDB_val k{};
  MDB_val v{};
  while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0) {
    std::uint64_t freed = 0;
    std::memcpy(&freed, k.mv_data, sizeof freed);
    if (freed > state) break;
    std::size_t count = 0;
    std::memcpy(&count, v.mv_data, sizeof count);
    pages += count;
  }
  mdb_cursor_close(cursor);
  return pages;
}

ReadTransaction::ReadTransaction(Environment& environment) : Transaction{environment} {
  found(mdb_txn_begin(environment.raw(), nullptr, MDB_RDONLY, &txn_), "beginning to read");
}

ReadTransaction::~ReadTransaction() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

void ReadTransaction::rest() {
  if (txn_ != nullptr) mdb_txn_reset(txn_);
}

void ReadTransaction::renew() {
  if (txn_ == nullptr) return;
  mdb_txn_reset(txn_);
  found(mdb_txn_renew(txn_), "going on to read");
}

WriteTransaction::WriteTransaction(Environment& environment) : Transaction{environment} {
  found(mdb_txn_begin(environment.raw(), nullptr, 0, &txn_), "beginning to write");
}

WriteTransaction::~WriteTransaction() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

void WriteTransaction::put(Tree tree, Bytes key, Bytes value) {
  if (!usable()) return;
  MDB_val k = val(key);
  MDB_val v = val(value);
  found(mdb_put(txn_, environment_->handle(tree), &k, &v, 0), "writing");
}

void WriteTransaction::erase(Tree tree, Bytes key) {
  if (!usable()) return;
  MDB_val k = val(key);
  found(mdb_del(txn_, environment_->handle(tree), &k, nullptr), "erasing");
}

char* WriteTransaction::append_event(std::uint64_t sequence, std::size_t size) {
  if (!usable()) return nullptr;
  MDB_val k = val(sequence);
  MDB_val v{size, nullptr};
  const int code = mdb_put(txn_, environment_->handle(Tree::events), &k, &v, MDB_APPEND | MDB_RESERVE);
  return found(code, "writing an event") ? static_cast<char*>(v.mv_data) : nullptr;
}

void WriteTransaction::erase_event(std::uint64_t sequence) {
  if (!usable()) return;
  MDB_val k = val(sequence);
  found(mdb_del(txn_, environment_->handle(Tree::events), &k, nullptr), "erasing an event");
}

Result<void> WriteTransaction::commit() {
  if (!status_ || txn_ == nullptr) return status_;
  MDB_txn* txn = std::exchange(txn_, nullptr);
  const int code = mdb_txn_commit(txn);
  if (code == EIO && environment_->is_disk_full()) {
    status_ = store_error(ENOSPC, "committing");  // LMDB calls a write that was cut short so
  } else if (code != 0) {
    found(code, "committing");
  }
  return status_;
}

TreeCursor::TreeCursor(Transaction& transaction, Tree tree) : transaction_{transaction} {
  if (!transaction.usable()) return;
  transaction.found(mdb_cursor_open(transaction.txn_, transaction.environment_->handle(tree), &cursor_), "reading");
}

TreeCursor::~TreeCursor() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

bool TreeCursor::move(int operation) {
  if (cursor_ == nullptr || !transaction_.usable()) return false;
  MDB_val k = val(key_);
  MDB_val v{};
  if (!transaction_.found(mdb_cursor_get(cursor_, &k, &v, static_cast<MDB_cursor_op>(operation)), "reading on")) {
    return false;
  }
  key_ = bytes(k);
  value_ = bytes(v);
  return true;
}

bool TreeCursor::first() {
  return move(MDB_FIRST);
}
bool TreeCursor::last() {
  return move(MDB_LAST);
}
bool TreeCursor::next() {
  return move(MDB_NEXT);
}

bool TreeCursor::seek(Bytes key) {
  // LMDB takes no empty key to look for; the first entry is what it would find.
  if (key.empty()) return first();
  key_ = key;
  return move(MDB_SET_RANGE);
}

bool TreeCursor::seek_event(std::uint64_t sequence) {
  key_ = {reinterpret_cast<const char*>(&sequence), sizeof sequence};
  return move(MDB_SET_RANGE);
}

std::uint64_t TreeCursor::sequence() const {
  std::uint64_t number = 0;
  std::memcpy(&number, key_.data(), std::min(key_.size(), sizeof number));
  return number;
}

}  // namespace tidings::local
