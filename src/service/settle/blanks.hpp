// Settlings that are done with, to be filled again: made anew for each event, one thread would allocate all that
// another frees, which costs more than most handlers.
//
// Threads: any.
#pragma once

#include <mutex>
#include <vector>

#include "service/settle/settling.hpp"

namespace tidings::service {

class Blanks final {
 public:
  static constexpr std::size_t kBlanksMax = 1'024;
  static constexpr std::size_t kBlankBytesMax = 512;  // of each text of an envelope that is kept

  // As new, but for the content of its delivery and its envelope, which is old.
  SettlingPtr take();
  // Empties it.
  void give_back(std::vector<SettlingPtr>& used);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::vector<SettlingPtr> blanks_;
};

}  // namespace tidings::service
