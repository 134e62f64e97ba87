// The dead letters of a deployment.
//
// Pure. Threads: the caller serialises. Bounded: what lies here counts against the deployment's limits.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/transport/operator.hpp"
#include "transport/memory/kept_log.hpp"

namespace tidings::memory {

struct Buried {
  transport::DeadLetter letter;  // without the record
  Kept kept;
  std::uint64_t subscription = 0;
};

class Graveyard final {
 public:
  void bury(Buried buried);  // gives it its id

  std::vector<transport::DeadLetter> browse(const transport::DeadFilter& filter, std::string_view after,
                                            std::size_t limit) const;
  const Buried* find(std::string_view id) const;
  bool erase(std::string_view id);
  void erase_group(std::string_view group);
  std::uint64_t count(std::string_view group, std::string_view topic) const;

  std::size_t records() const { return buried_.size(); }
  std::size_t bytes() const { return bytes_; }

  static transport::DeadLetter letter_of(const Buried& buried);

 private:
  std::map<std::string, Buried, std::less<>> buried_;  // by id, which rises
  std::uint64_t last_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace tidings::memory
