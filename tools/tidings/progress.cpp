#include "tools/tidings/progress.hpp"

#include "operate/display.hpp"

namespace tidings::cli {

namespace {

constexpr Duration kEvery = std::chrono::milliseconds{200};
constexpr std::string_view kClearLine = "\r\x1b[K";

}  // namespace

void Progress::draw(const std::string& text) {
  around_.err << kClearLine << operate::shortened(text, around_.columns - 1) << std::flush;
  drawn_ = true;
  next_ = around_.executor->now() + kEvery;
}

void Progress::clear() {
  if (drawn_) around_.err << kClearLine << std::flush;
  drawn_ = false;
}

}  // namespace tidings::cli
