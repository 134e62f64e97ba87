// Text that grows at its end, without std::string's initialisation of what is to be overwritten.
//
// Threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace tidings {

class TextBuffer final {
 public:
  // Memory for `bytes` more; what was written there is kept by `advance_to`.
  char* room(std::size_t bytes) {
    if (capacity_ - size_ < bytes) grow(bytes);
    return text_.get() + size_;
  }
  void advance_to(const char* end) { size_ = static_cast<std::size_t>(end - text_.get()); }

  void put(char c) {
    *room(1) = c;
    ++size_;
  }
  void put(std::string_view text) {
    std::memcpy(room(text.size() + 1), text.data(), text.size());
    size_ += text.size();
  }

  std::string_view text() const { return {text_.get(), size_}; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  void clear() { size_ = 0; }

 private:
  void grow(std::size_t bytes) {
    const std::size_t capacity = std::max<std::size_t>({kFirst, 2 * capacity_, size_ + bytes});
    std::unique_ptr<char[]> larger{new char[capacity]};
    if (size_ > 0) std::memcpy(larger.get(), text_.get(), size_);
    text_ = std::move(larger);
    capacity_ = capacity;
  }

  static constexpr std::size_t kFirst = 1'024;

  std::unique_ptr<char[]> text_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tidings
