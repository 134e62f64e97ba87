// What else reads and writes the article's order event: code by hand for this one struct, and a popular library.
//
// Threads: one at a time.
// Errors:  none: the event is known to be well formed; hand-written code that checks more is slower.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "order.hpp"

namespace tidings::bench {

struct OrderEvent {
  Envelope envelope;
  OrderCreated data;
};

// By simdjson's on-demand parser, member after member, as its documentation does it. What is received has no padding:
// it is copied into a buffer that has, which is used again.
class HandWritten final {
 public:
  bool read(std::string_view body, OrderEvent& event);

 private:
  bool read_member(std::string_view key, simdjson::ondemand::value value, OrderEvent& event);

  simdjson::ondemand::parser parser_;
  std::string padded_;
};

// By nlohmann-json: its tree, and its from_json and to_json.
bool read_nlohmann(std::string_view body, OrderEvent& event);
void write_nlohmann(const OrderEvent& event, std::string& body);

}  // namespace tidings::bench
