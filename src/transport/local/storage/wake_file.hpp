// Memory that the processes of a store share: a bell that wakes them, counters that say why, and the writers' gate.
//
// Format:  none that lasts: the file is made anew after each start of the machine.
// Threads: any, of any process.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tidings/names.hpp"
#include "tidings/result.hpp"

namespace tidings::local {

// Why somebody should look. A set of them is an `or`.
using Changes = std::uint32_t;
inline constexpr Changes kEventsChanged = 1;
inline constexpr Changes kMembersChanged = 2;  // members and owners
inline constexpr Changes kControlChanged = 4;
inline constexpr Changes kTopicsChanged = 8;  // and published types
inline constexpr Changes kParkedChanged = 16;
inline constexpr Changes kRoomWanted = 32;  // a publish was refused: the store is full
inline constexpr std::size_t kChangeKinds = 6;

class WakeFile final {
 public:
  // Opens `directory`/wake, and makes it where it is missing or of another boot. Call it under the directory's lock.
  static Result<std::unique_ptr<WakeFile>> open(const std::string& directory);
  // Whether it was made where pids mean the processes that they mean here. If not, it may be used only once nobody has
  // the store open, and after begin_anew(): deaths would not be seen, nor the living known.
  bool of_these_pids() const;
  void begin_anew();
  ~WakeFile();
  WakeFile(const WakeFile&) = delete;
  WakeFile& operator=(const WakeFile&) = delete;

  // Wakes everybody; with no changes too.
  void ring(Changes changes);

  // A state of the counters, to compare with a later one.
  struct Seen {
    std::uint32_t bell = 0;
    std::uint32_t counters[kChangeKinds] = {};
  };
  Seen seen() const;
  // What rang between the two.
  static Changes between(const Seen& before, const Seen& after);

  // Waits until the bell rang since `before`, or `within` is over, or the system wakes it for no reason.
  void wait(const Seen& before, Duration within) const;

  // One writer at a time, over all processes; a holder's death frees it. A thread that has it leaves it itself.
  // False: it was not free within that time, or cannot be entered at all: see gate_fault().
  bool enter_gate(Duration within);
  void leave_gate();
  // The errno with which the gate refused us last, at once; 0: it did not.
  int gate_fault() const { return gate_fault_; }
  // The process inside the gate; 0: nobody.
  std::int32_t gate_holder() const;
  // Whether it waits there for LMDB's lock, which somebody has who did not come through the gate. Said by the holder.
  bool holder_awaits_lock() const;
  void set_awaits_lock(bool awaits);

  const std::string& directory() const { return directory_; }

 private:
  struct Shared;
  static std::uint64_t magic_number();
  static std::string boot_name();
  WakeFile(Shared* shared, const std::string& directory) : directory_{directory}, shared_{shared} {}

  const std::string directory_;
  Shared* shared_;
  std::atomic<int> gate_fault_ = 0;
};

}  // namespace tidings::local
