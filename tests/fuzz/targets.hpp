// What is fuzzed: a function for each kind of input that comes from outside. Each takes any bytes; it aborts, telling
// which, where a property does not hold.
//
// Threads: one at a time.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tidings::fuzz {

void event(std::string_view input);   // bodies, in both profiles, as a struct with a member of every kind
void url(std::string_view input);     // transport URLs, and what each driver makes of their options
void store(std::string_view input);   // records of local:, and values of its trees
void commit(std::string_view input);  // the metadata of Kafka commits

// `holds`: a truth, or a Result.
void hold(const auto& holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

}  // namespace tidings::fuzz
