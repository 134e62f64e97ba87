#include "tidings/type_name.hpp"

#include <gtest/gtest.h>

namespace tidings {
namespace {

// Design section 6: types compare by their words.
TEST(TypeName, HasTheSameWordsInEverySpelling) {
  for (const char* type :
       {"ORDER_CREATED", "OrderCreated", "orderCreated", "order.created", "order_created", "order-created"}) {
    EXPECT_EQ(dotted_type(type), "order.created") << type;
    EXPECT_EQ(unsplit_type(type), "ordercreated") << type;
    EXPECT_TRUE(same_type(type, "OrderCreated")) << type;
  }
}

TEST(TypeName, SplitsAtCaseDigitsAndAcronyms) {
  EXPECT_EQ(dotted_type("HTTPServerStarted"), "http.server.started");
  EXPECT_EQ(dotted_type("OrderV2Created"), "order.v2.created");
  EXPECT_EQ(dotted_type("SMS"), "sms");
  EXPECT_EQ(dotted_type("payment2_failed"), "payment2.failed");
  EXPECT_EQ(dotted_type("__a..b__"), "a.b");
  EXPECT_EQ(dotted_type(""), "");
}

TEST(TypeName, DiffersByWords) {
  EXPECT_FALSE(same_type("OrderCreated", "ordercreated"));
  EXPECT_FALSE(same_type("OrderCreated", "OrderCreatedAgain"));
  EXPECT_FALSE(same_type("OrderCreatedAgain", "OrderCreated"));
  EXPECT_FALSE(same_type("OrderCreated", ""));
  EXPECT_TRUE(same_type("", ""));
}

struct Match {
  const char* pattern;
  const char* type;
  bool matches;
};

TEST(Pattern, MatchesAsAmqpDoes) {
  const Match table[] = {
      {"order.created", "order.created", true},
      {"order.created", "order.cancelled", false},
      {"order.*", "order.created", true},
      {"order.*", "order", false},
      {"order.*", "order.line.added", false},
      {"*.created", "order.created", true},
      {"*", "order", true},
      {"*", "", false},
      {"#", "", true},
      {"#", "order", true},
      {"#", "order.line.added", true},
      {"order.#", "order", true},
      {"order.#", "order.line.added", true},
      {"order.#", "orders.line", false},
      {"#.added", "added", true},
      {"#.added", "order.line.added", true},
      {"#.added", "order.added.line", false},
      {"order.#.added", "order.added", true},
      {"order.#.added", "order.a.b.added", true},
      {"#.line.#", "order.line.added", true},
      {"#.line.#", "line", true},
      {"#.line.#", "order.added", false},
      {"#.*", "order", true},
      {"#.*", "", false},
      {"#.#", "a.b", true},
      {"*.#.*", "a", false},
      {"*.#.*", "a.b", true},
      {"#.a.b", "a.a.b", true},
      {"#.a.#.b", "a.c.a.d.b", true},
      {"#.a.#.b.c", "a.b.b.c", true},
      {"", "", true},
      {"", "a", false},
      {"a.#.b.#.c", "a.x.b.c.b", false},
  };
  for (const Match& row : table) {
    EXPECT_EQ(pattern_matches(row.pattern, row.type), row.matches) << row.pattern << " on " << row.type;
  }
}

TEST(Pattern, TakesNoExponentialTime) {
  std::string pattern;
  std::string type;
  for (int i = 0; i < 500; ++i) {
    pattern += "#.a.";
    type += "a.";
  }
  pattern += "b";
  type += "c";
  EXPECT_FALSE(pattern_matches(pattern, type));
}

}  // namespace
}  // namespace tidings
