// One line on a terminal that says how far a long command is.
//
// Threads: one at a time.
#pragma once

#include <string>

#include "tools/tidings/session.hpp"

namespace tidings::cli {

class Progress final {
 public:
  // Not with --json, nor where nobody looks.
  explicit Progress(Session& session)
      : around_{session.around()}, shown_{!session.json() && session.around().err_is_terminal} {}
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

// What `work(go_on)` comes to. It calls `go_on(text)` now and then, which shows how far it is, as Progress does; false:
// it is to stop. Where that is an error it was printed, and `code` is set: kFailed where it was stopped.
template <class Work>
auto with_progress(Session& session, int& code, const Work& work) {
  Progress progress{session};
  bool stopped = false;
  auto outcome = work([&](const auto& text) {
    progress.show(text);
    stopped = session.around().stop();
    return !stopped;
  });
  progress.clear();
  if (!outcome) {
    code = session.fail(outcome.error());
    if (stopped) code = kFailed;
  }
  return outcome;
}

}  // namespace tidings::cli
