#include "service/shell/description.hpp"

#include <gmock/gmock.h>

#include "tidings/json.hpp"
#include "tidings/money.hpp"
#include "tidings/raw_json.hpp"

namespace tidings::service {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Node {
  std::string name;
  std::vector<Node> children;
};
BOOST_DESCRIBE_STRUCT(Node, (), (name, children))

struct Everything {
  bool flag = false;
  std::uint16_t port = 0;
  float ratio = 0;
  std::optional<Money> price;
  std::map<std::string, std::vector<Colour>> colours;
  std::array<double, 3> point{};
  std::chrono::sys_days day{};
  Time at{};
  Duration length{};
  RawJson raw;
  Bytes bytes;
  std::variant<std::monostate, Node, std::string> either;
};
BOOST_DESCRIBE_STRUCT(Everything, (), (flag, port, ratio, price, colours, point, day, at, length, raw, bytes, either))

}  // namespace tidings::service

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::Everything>{
    .type = "Everything", .topic = "things", .version = 3};

namespace tidings::service {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> types_of(const std::vector<FieldDescription>& fields) {
  std::vector<std::string> types;
  for (const FieldDescription& field : fields) types.push_back(field.type);
  return types;
}

// A14
TEST(Description, NamesTheTypeOfEveryKindOfMember) {
  const Description description = describe_service("s", {}, {&event_type<Everything>()});
  ASSERT_EQ(description.publications.size(), 1u);
  EXPECT_EQ(description.publications[0].version, 3);
  EXPECT_THAT(types_of(description.publications[0].fields),
              ElementsAre("bool", "uint16", "float", "optional<money>", "map<list<red|green>>", "array<double,3>",
                          "date", "time", "duration", "json", "bytes", "variant<null,Node,string>"));
}

TEST(Description, TellsStructsApartOnceAlsoRecursiveOnes) {
  const Description description = describe_service("s", {}, {&event_type<Everything>()});
  ASSERT_EQ(description.structs.size(), 1u);
  EXPECT_THAT(types_of(description.structs.at("Node")), ElementsAre("string", "list<Node>"));
}

TEST(IndentedJson, KeepsStringsAsTheyAre) {
  EXPECT_EQ(indented_json(R"({"a":[1,{"b":"x,{\"}:"}],"c":{},"d":[]})"),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,{\\\"}:\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}");
}

}  // namespace
}  // namespace tidings::service
