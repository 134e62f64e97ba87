// A service's events, and what it stores, for the tests of run_with_faults.
#pragma once

#include <gtest/gtest.h>

#include <boost/describe.hpp>
#include <map>
#include <string>

#include "tidings/testing/harness.hpp"

namespace bookshop {

struct BookOrdered {
  std::string title;
  int copies = 0;
};
BOOST_DESCRIBE_STRUCT(BookOrdered, (), (title, copies))

struct BookReserved {
  std::string reservation;
  int copies = 0;
};
BOOST_DESCRIBE_STRUCT(BookReserved, (), (reservation, copies))

struct BookReturned {
  std::string title;
};
BOOST_DESCRIBE_STRUCT(BookReturned, (), (title))

}  // namespace bookshop

template <>
inline constexpr tidings::EventInfo tidings::event_info<bookshop::BookOrdered>{.type = "BookOrdered", .topic = "books"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<bookshop::BookReturned>{.type = "BookReturned",
                                                                                .topic = "books"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<bookshop::BookReserved>{.type = "BookReserved",
                                                                                .topic = "reservations"};

namespace bookshop {

// What a service stores.
using Shelf = std::map<std::string, int>;

inline std::string text_of(const Shelf& shelf) {
  std::string text;
  for (const auto& [title, copies] : shelf) text += title + ": " + std::to_string(copies) + "\n";
  return text;
}

inline void order(tidings::testing::Harness& harness, const std::string& title, int copies) {
  ASSERT_TRUE(harness.publish(BookOrdered{title, copies}, {.aggregate_id = title}));
}

}  // namespace bookshop
