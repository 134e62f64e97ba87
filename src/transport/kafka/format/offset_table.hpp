// What is known of offsets of a partition, in their order: they come in that order, and go in nearly that order.
//
// A sorted array that is used up from its front: no node for each, and one step to find one where offsets have no gaps.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tidings::kafka {

template <class Value>
class OffsetTable final {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }

  // The lowest that is there; not of an empty one.
  std::int64_t first() const { return slots_[head_].offset; }

  // Nothing: it is not there. Valid until the next add() or take().
  Value* find(std::int64_t offset) {
    const std::size_t at = position_of(offset);
    return at < slots_.size() && slots_[at].offset == offset && slots_[at].used ? &slots_[at].value : nullptr;
  }
  const Value* find(std::int64_t offset) const { return const_cast<OffsetTable*>(this)->find(offset); }
  Value& at(std::int64_t offset) {
    Value* found = find(offset);
    assert(found != nullptr);
    return *found;
  }
  const Value& at(std::int64_t offset) const { return const_cast<OffsetTable*>(this)->at(offset); }

  // One that is not there. Behind all others, as a rule; before some it moves them.
  Value& add(std::int64_t offset, Value value) {
    ++count_;
    const std::size_t at = position_of(offset);
    if (at < slots_.size() && slots_[at].offset == offset) {
      slots_[at].used = true;
      slots_[at].value = std::move(value);
    } else {
      slots_.insert(slots_.begin() + static_cast<std::ptrdiff_t>(at), Slot{offset, true, std::move(value)});
    }
    return slots_[at].value;
  }

  // One that is there.
  Value take(std::int64_t offset) {
    Slot& slot = slots_[position_of(offset)];
    assert(slot.offset == offset && slot.used);
    Value value = std::exchange(slot.value, Value{});
    slot.used = false;
    --count_;
    while (head_ < slots_.size() && !slots_[head_].used) ++head_;
    tidy();
    return value;
  }

  void for_each(const auto& what) const {
    for (std::size_t i = head_; i < slots_.size(); ++i) {
      if (slots_[i].used) what(slots_[i].offset, slots_[i].value);
    }
  }

 private:
  static constexpr std::size_t kUnusedMin = 1'000;  // are kept at least, before the others are moved together

  struct Slot {
    std::int64_t offset = 0;
    bool used = false;
    Value value{};
  };

  // Where it is, or would be.
  std::size_t position_of(std::int64_t offset) const {
    if (head_ == slots_.size() || offset > slots_.back().offset) return slots_.size();
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(0, offset - slots_[head_].offset));
    if (head_ + step < slots_.size() && slots_[head_ + step].offset == offset) return head_ + step;
    const auto from = slots_.begin() + static_cast<std::ptrdiff_t>(head_);
    const auto found = std::ranges::lower_bound(from, slots_.end(), offset, {}, &Slot::offset);
    return static_cast<std::size_t>(found - slots_.begin());
  }

  void tidy() {
    if (count_ == 0) {
      slots_.clear();
      head_ = 0;
    } else if (slots_.size() - count_ > std::max(kUnusedMin, 3 * count_)) {
      std::erase_if(slots_, [](const Slot& slot) { return !slot.used; });
      head_ = 0;
    }
  }

  std::vector<Slot> slots_;  // by offset; those before `head_` are not used
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

}  // namespace tidings::kafka
