#include "transport/local/store/death_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "transport/driver/running_board.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/storage/store_directory.hpp"
#include "transport/local/store/local_store.hpp"
#include "transport/local/store/reaping.hpp"
#include "transport/local/tables/member_table.hpp"

namespace tidings::local {

namespace {

constexpr Duration kLookWithoutDescriptor = 1s;

class Descriptor final {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int get() const { return number_; }

 private:
  int number_;
};

struct Watched {
  ProcessName process;
  Descriptor descriptor;
};

class DeathWatch final : public StoreListener {
 public:
  explicit DeathWatch(Store& store) : store_{store}, poke_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    thread_ = store.executor().spawn("local-deaths", [this] { watch_loop(); });
  }
  ~DeathWatch() override {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    poke();
    thread_.reset();
  }

  void rang(Changes) override {}

  Time review() override {
    const Duration within = std::exchange(within_, kChangeWithin);
    std::vector<MemberRow> members;
    {
      ReadTransaction transaction{store_.environment()};
      members = all_members(transaction);
    }
    std::erase_if(members, [this](const MemberRow& member) { return member.process == store_.process(); });
    const bool blind = watch(members);
    std::vector<MemberRow> dead;
    bool unread = false;
    for (const MemberRow& member : members) {
      if (is_alive(member.process)) continue;
      // What stands there is suspect: it is not reaped before that can be read.
      const bool readable = transport::can_read_board(board_of(store_.directory(), member.id));
      if (readable) dead.push_back(member);
      unread = unread || !readable;
    }
    const bool reaped = dead.empty() || reap_all(dead, within);
    return blind || unread || !reaped ? store_.now() + kLookWithoutDescriptor : kNever;
  }

 private:
  // Watches these members' processes and no others. Returns whether one of them cannot be watched.
  bool watch(const std::vector<MemberRow>& members) {
    bool blind = false;
    const std::lock_guard lock{mutex_};
    const auto is_gone = [&](const Watched& watched) {
      return std::none_of(members.begin(), members.end(),
                          [&](const MemberRow& member) { return member.process == watched.process; });
    };
    std::erase_if(watched_, is_gone);
    for (const MemberRow& member : members) {
      const auto known = std::any_of(watched_.begin(), watched_.end(),
                                     [&](const Watched& watched) { return watched.process == member.process; });
      if (known || !is_alive(member.process)) continue;
      const auto number = static_cast<int>(::syscall(SYS_pidfd_open, member.process.pid, 0));
      if (number < 0) {
        blind = true;
        continue;
      }
      watched_.push_back({member.process, Descriptor{number}});
    }
    poke();
    return blind;
  }

  bool reap_all(const std::vector<MemberRow>& dead, Duration within) {
    const auto done = store_.committer().upkeep(
        [&](Commit& commit) -> Result<void> {
          for (const MemberRow& member : dead) reap(commit, store_.directory(), member);
          return {};
        },
        within);
    if (!done) return false;
    for (const MemberRow& member : dead) transport::remove_board(board_of(store_.directory(), member.id));
    return true;
  }

  void watch_loop() {
    for (;;) {
      std::vector<pollfd> polled{{.fd = poke_.get(), .events = POLLIN, .revents = 0}};
      {
        const std::lock_guard lock{mutex_};
        if (stopping_) return;
        for (const Watched& watched : watched_) {
          // Readable for ever once it died: not waited for again.
          if (!reported(watched.process)) polled.push_back({watched.descriptor.get(), POLLIN, 0});
        }
      }
      // Without its own descriptor it would not be woken: then it looks now and then.
      constexpr int kForEver = -1;
      const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(kLookWithoutDescriptor).count();
      ::poll(polled.data(), polled.size(), poke_.get() < 0 ? static_cast<int>(pause) : kForEver);
      drain();
      if (report()) store_.call_warden();
    }
  }

  bool reported(const ProcessName& process) const {
    return std::find(reported_.begin(), reported_.end(), process) != reported_.end();
  }

  // Whether somebody died of whom nobody was told.
  bool report() {
    const std::lock_guard lock{mutex_};
    std::erase_if(reported_, [this](const ProcessName& process) {
      return std::none_of(watched_.begin(), watched_.end(),
                          [&](const Watched& watched) { return watched.process == process; });
    });
    const std::size_t before = reported_.size();
    for (const Watched& watched : watched_) {
      if (!reported(watched.process) && !is_alive(watched.process)) reported_.push_back(watched.process);
    }
    return reported_.size() > before;
  }

  void poke() {
    const std::uint64_t one = 1;
    // Full means that it is awake anyway.
    [[maybe_unused]] const auto written = ::write(poke_.get(), &one, sizeof one);
  }
  void drain() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(poke_.get(), &count, sizeof count);
  }

  Store& store_;
  Duration within_ = kReapAtOpenWithin;  // of the first review; then as long as any change
  const Descriptor poke_;
  std::mutex mutex_;
  std::vector<Watched> watched_;
  std::vector<ProcessName> reported_;  // dead, and the warden knows
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace

std::shared_ptr<StoreListener> watch_deaths(Store& store) {
  return std::make_shared<DeathWatch>(store);
}

}  // namespace tidings::local
