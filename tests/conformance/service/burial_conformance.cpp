// P6, P3: dead letters keep their bytes and belong to one group; what is replayed comes to that group alone, once.
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using transport::Record;

Record raw(std::string id, std::string body) {
  return {.topic = kTasks,
          .key = "k",
          .id = std::move(id),
          .type = "Task",
          .content_type = "application/json",
          .headers = {{"x-origin", std::string{"legacy \xff", 8}}},
          .body = std::move(body)};
}

TEST_P(BurialConformance, P6WhatCannotBeReadIsADeadLetterWithItsBytesInEachGroup) {
  const std::string broken = "{\"data\": {\"number\": 1,";
  const std::string no_text = std::string{"\x00\xff\x01 no text", 11};
  const std::string wrong_type = R"({"data": {"number": "one"}})";
  work({.instance = "shop-1", .group = "shop"});
  work({.instance = "audit-1", .group = "audit"});
  publish({raw("broken", broken), raw("no-text", no_text), raw("wrong-type", wrong_type)});
  send({{{.number = 1}}});
  ASSERT_TRUE(settled("shop"));
  ASSERT_TRUE(settled("audit"));
  for (const std::string group : {"shop", "audit"}) {
    std::map<std::string, Record> buried;
    for (const auto& letter : dead_letters(group)) {
      EXPECT_EQ(letter.reason, "undecodable");
      EXPECT_TRUE(buried.emplace(letter.record.id, letter.record).second) << letter.record.id << " is there twice";
    }
    ASSERT_THAT(buried, SizeIs(3)) << group;
    EXPECT_EQ(buried.at("broken"), as_kept(raw("broken", broken), buried.at("broken")));
    EXPECT_EQ(buried.at("no-text"), as_kept(raw("no-text", no_text), buried.at("no-text")));
    EXPECT_EQ(buried.at("wrong-type"), as_kept(raw("wrong-type", wrong_type), buried.at("wrong-type")));
    EXPECT_THAT(entries("end", group), SizeIs(1)) << "the one behind them";
  }
}

TEST_P(BurialConformance, P3AFailureAndItsReplayAreSeenByNoOtherGroup) {
  work({.instance = "shop-1", .group = "shop"});
  work({.instance = "audit-1", .group = "audit"});
  send({{{.number = 1, .refused = true, .publishes = 1, .trouble_in = "shop"}}});
  ASSERT_TRUE(settled("shop"));
  ASSERT_TRUE(settled("audit"));
  const auto letters = dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].group, "shop");
  EXPECT_THAT(entries("end", "audit"), SizeIs(1));

  transport::DeadLetters& store = *here().operations().dead_letters;
  EXPECT_TRUE(store.replay(letters[0].id).value());
  EXPECT_FALSE(store.replay(letters[0].id).value()) << "harmless when repeated";
  ASSERT_TRUE(within(unit(), [&] { return !entries("end", "shop").empty(); }));
  ASSERT_TRUE(settled("shop"));
  EXPECT_THAT(dead_letters(), IsEmpty());
  EXPECT_THAT(entries("begin", "shop"), SizeIs(2));
  EXPECT_THAT(entries("begin", "audit"), SizeIs(1));
}

}  // namespace
}  // namespace tidings::conformance
