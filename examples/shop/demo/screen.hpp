// Where the live view is drawn: over itself on a terminal, line after line elsewhere.
//
// Threads: one.
#pragma once

#include <cstdio>
#include <optional>

#include "tidings/names.hpp"
#include "view.hpp"

namespace shop {

enum class ScreenKind { terminal, lines };
// A terminal that can move its cursor.
ScreenKind screen_kind(std::FILE* out);

class Screen final {
 public:
  Screen(std::FILE* out, ScreenKind kind) : out_{out}, kind_{kind} {}

  // Draws the view when it is time to: often on a terminal, every few seconds as a line.
  void show(const View& view, tidings::Time now);
  // The last state, whatever the time.
  void finish(const View& view, tidings::Time now);
  // A line of its own that stays.
  void say(const std::string& line);

 private:
  void draw(const View& view);

  std::FILE* out_;
  ScreenKind kind_;
  std::size_t drawn_ = 0;  // lines that stand on the terminal and will be drawn over
  std::optional<tidings::Time> shown_;
};

}  // namespace shop
