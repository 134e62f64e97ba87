// One line on a terminal that says how far a long command is.
//
// Threads: one at a time.
#pragma once

#include <string>
#include <string_view>

#include "tools/tidings/surroundings.hpp"

namespace tidings::cli {

class Progress final {
 public:
  enum class Shown { on_terminal, never };
  Progress(Surroundings& surroundings, Shown shown)
      : around_{surroundings}, shown_{shown == Shown::on_terminal && surroundings.err_is_terminal} {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows `text()` in place of what stood there, a few times a second at most.
  template <class Text>
  void show(Text&& text) {
    if (is_due()) draw(text());
  }
  // Makes room for other output.
  void clear();

 private:
  bool is_due() const { return shown_ && around_.executor->now() >= next_; }
  void draw(const std::string& text);

  Surroundings& around_;
  bool shown_;
  bool drawn_ = false;
  Time next_{};
};

}  // namespace tidings::cli
