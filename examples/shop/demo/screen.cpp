#include "screen.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace shop {

namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds{250};
constexpr auto kLineEvery = std::chrono::seconds{2};

constexpr std::string_view kClearToEnd = "\x1b[J";

}  // namespace

ScreenKind screen_kind(std::FILE* out) {
  const char* terminal = std::getenv("TERM");
  const bool can_move = terminal != nullptr && *terminal != '\0' && std::string_view{terminal} != "dumb";
  return can_move && isatty(fileno(out)) != 0 ? ScreenKind::terminal : ScreenKind::lines;
}

void Screen::show(const View& view, tidings::Time now) {
  const tidings::Duration every = kind_ == ScreenKind::terminal ? tidings::Duration{kRedrawEvery} : kLineEvery;
  if (shown_ && now < *shown_ + every) return;
  finish(view, now);
}

void Screen::finish(const View& view, tidings::Time now) {
  shown_ = now;
  if (kind_ == ScreenKind::terminal)
    draw(view);
  else
    fmt::print(out_, "{}\n", render_line(view));
  std::fflush(out_);
}

void Screen::draw(const View& view) {
  std::string text;
  if (drawn_ > 0) text += fmt::format("\x1b[{}F", drawn_);
  text += kClearToEnd;
  const auto lines = render(view);
  for (const auto& line : lines) text += line + '\n';
  drawn_ = lines.size();
  fmt::print(out_, "{}", text);
}

void Screen::say(const std::string& line) {
  if (drawn_ > 0) fmt::print(out_, "\x1b[{}F{}", drawn_, kClearToEnd);
  drawn_ = 0;
  fmt::print(out_, "{}\n", line);
  std::fflush(out_);
}

}  // namespace shop
