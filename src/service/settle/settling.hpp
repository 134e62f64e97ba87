// A delivery on its way out of the pipeline, and what its memory is used for afterwards: the next one.
//
// Threads: Settling: a value. Blanks: any.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pipeline/decide.hpp"
#include "tidings/event.hpp"

namespace tidings::service {

// What became of a delivery, and what leaves with it.
struct Settling {
  transport::Delivery delivery;
  Envelope envelope;
  pipeline::Verdict verdict;
  std::vector<transport::Record> publishes;  // with Accept only
  bool confirms = false;                     // the inbox waits to hear that `publishes` are out
  int attempt = 0;                           // handler runs so far
  Duration took{};                           // the last of them
  int refusals = 0;                          // answers of the transport that a repetition should not change
};
using SettlingPtr = std::unique_ptr<Settling>;

// Given back, charged nothing.
SettlingPtr released(transport::Delivery delivery);

// Exchanges all of them, and with them their memory.
void exchange(Envelope& left, Envelope& right);

// Settlings that are done with, to be filled again: made anew for each event, one thread would allocate all that
// another frees, which costs more than most handlers.
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
