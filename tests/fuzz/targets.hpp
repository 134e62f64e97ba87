// What is fuzzed: a function for each kind of input that comes from outside. Each takes any bytes; it aborts, telling
// which, where a property does not hold.
//
// Threads: one at a time.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "operate/display.hpp"
#include "tidings/result.hpp"

namespace tidings::fuzz {

void event(std::string_view input);          // bodies, in both profiles, as a struct with a member of every kind
void line(std::string_view input);           // lines that `tidings publish` reads
void text(std::string_view input);           // what people write: times, lengths, sizes, names; and what they are shown
void url(std::string_view input);            // transport URLs, and what each driver makes of their options
void configuration(std::string_view input);  // a service's file, environment and arguments
void store(std::string_view input);          // records of local:, values of its trees, boards, and the outbox's records
void control(std::string_view input);        // control records, and logs of them
void commit(std::string_view input);         // the metadata of Kafka commits
void kafka(std::string_view input);          // headers of Kafka's messages, and other texts that brokers keep
void amqp(std::string_view input);           // properties and headers of RabbitMQ's messages

// `holds`: a truth, or a Result.
void hold(const auto& holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

// A fault of an input that is text is text, too: no character of it is cut.
inline void says_why(std::string_view message, std::string_view input) {
  hold(!message.empty(), "a refusal says why");
  hold(operate::is_utf8(message) || !operate::is_utf8(input), "a refusal is UTF-8 where the input is");
}
template <class T>
void says_why(const Result<T>& outcome, std::string_view input) {
  if (!outcome) says_why(outcome.error().message, input);
}

}  // namespace tidings::fuzz
