#include "operate/rows.hpp"

#include <gtest/gtest.h>

#include "operate/findings.hpp"

namespace tidings::operate {
namespace {

TEST(Rows, SplitForeignBytesByWhetherTheyAreText) {
  EXPECT_EQ(foreign_text("Zürich").text, "Zürich");
  EXPECT_FALSE(foreign_text("Zürich").base64);
  EXPECT_EQ(foreign_text("\xff").base64, Bytes{"\xff"});
  EXPECT_FALSE(foreign_text("\xff").text);
  EXPECT_FALSE(foreign_text(std::nullopt).text);
}

TEST(Rows, AreWrittenInCamelCase) {
  EXPECT_EQ(json_line(Finding{.level = Level::warn, .check = "lag", .what = "a\nb", .remedy = ""}),
            R"({"level":"warn","check":"lag","what":"a\nb","remedy":""})");
  EXPECT_EQ(json_line(HeaderRow{.name = "h", .value = {}, .value_base64 = Bytes{"\xff"}}),
            R"({"name":"h","valueBase64":"/w=="})");
}

// A37: JSON output is valid always.
TEST(Rows, AreValidJsonEvenWhenAValueIsNot) {
  EXPECT_TRUE(json_line(Finding{.check = "\xff"}).starts_with(R"({"error":)"));
  EXPECT_EQ(foreign_name("a\xff"), "a\\xff");
}

TEST(Rows, TakeFurtherMembers) {
  EXPECT_EQ(with_members(R"({"a":1})", R"("b":2)"), R"({"a":1,"b":2})");
  EXPECT_EQ(with_members("{}", R"("b":2)"), R"({"b":2})");
}

TEST(JsonText, StaysOnOneLine) {
  EXPECT_EQ(one_line_json("{\r\n \"a\": \"\\n\"\n}"), R"({   "a": "\n" })");
}

TEST(JsonText, IsIndentedForPeople) {
  EXPECT_EQ(pretty_json(R"({"a":[1, {"b":"x,{\"y"}],"c":{}, "d":[ ],"e":true})"), R"({
  "a": [
    1,
    {
      "b": "x,{\"y"
    }
  ],
  "c": {},
  "d": [],
  "e": true
})");
  EXPECT_EQ(pretty_json("12"), "12");
  EXPECT_EQ(pretty_json(R"("text")"), R"("text")");
}

}  // namespace
}  // namespace tidings::operate
