// Names of event types, compared by their words, and the patterns that match them.
//
// `ORDER_CREATED`, `OrderCreated`, `orderCreated`, `order-created` and `order.created` are one type: its words are
// `order` and `created`. A word ends at `_`, `-`, `.` or a space, before an upper-case letter that follows a lower-case
// one or a digit, and before the last letter of a run of upper-case ones that goes on in lower case (`HTTPServer`:
// http, server).
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace tidings {

// The words in lower case, joined by dots: `order.created`.
std::string dotted_type(std::string_view type);

// The words in lower case, joined by nothing: `ordercreated`, the routing key that the article's Python publisher makes
// of `OrderCreated`.
std::string unsplit_type(std::string_view type);

// Whether both have the same words. Allocates nothing.
bool same_type(std::string_view left, std::string_view right);

// Whether `dotted` (a dotted type) matches an AMQP pattern: `*` is one word, `#` zero or more. At most
// words(pattern) x words(dotted) comparisons.
bool pattern_matches(std::string_view pattern, std::string_view dotted);

}  // namespace tidings

#pragma GCC visibility pop
