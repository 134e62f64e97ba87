#include "tidings/describe.hpp"

#include <gtest/gtest.h>

#include "event/sample_events.hpp"
#include "tidings/event_type.hpp"

namespace tidings {
namespace {

// A10: names are mapped.
TEST(Names, AreMappedBetweenTheSpellings) {
  const std::pair<const char*, const char*> table[] = {
      {"customer_id", "customerId"}, {"price", "price"}, {"a_b_c", "aBC"}, {"line2_text", "line2Text"}};
  for (const auto& [snake, camel] : table) {
    EXPECT_EQ(camel_case(snake), camel);
    EXPECT_EQ(camel_case(camel), camel);
    EXPECT_EQ(snake_case(snake), snake);
    EXPECT_EQ(snake_case(camel), snake);
  }
  EXPECT_EQ(camel_case("trailing_"), "trailing_");
  EXPECT_EQ(camel_case("_leading"), "_leading");
}

TEST(Describe, ListsMembersWithNamesKindsAndDefaults) {
  const Object& object = describe<sample::Everything>().object();
  ASSERT_EQ(object.members.size(), 30u);
  EXPECT_EQ(object.members[0].cpp_name, "i8");  // the base's come first
  const Member* priority = find_member(object, "priority");
  ASSERT_NE(priority, nullptr);
  EXPECT_EQ(priority->type->kind, Kind::optional);
  EXPECT_EQ(priority->type->element->kind, Kind::integer);
  EXPECT_EQ(priority->type->element->width, 4);
  const auto* defaults = static_cast<const sample::Everything*>(object.defaults);
  EXPECT_EQ(defaults->priority, 5);
  EXPECT_EQ(find_member(object, "couponCode"), find_member(object, "coupon_code"));
  EXPECT_EQ(find_member(object, "none"), nullptr);
}

TEST(Describe, MayGoInCircles) {
  const Type& category = describe<sample::Category>();
  EXPECT_EQ(category.object().members[1].type->element, &category);
}

// A14
TEST(Describe, CarriesFieldInfo) {
  const Member& email = describe<sample::Registered>().object().members[0];
  EXPECT_TRUE(email.info.required);
  EXPECT_TRUE(email.info.masked);
  EXPECT_EQ(email.info.doc, "Where we write to");
  EXPECT_EQ(email.info.format, "email");
  EXPECT_EQ(email.name(Profile::kafka), "e-mail");
  EXPECT_FALSE(describe<sample::Registered>().object().members[1].info.required);
}

TEST(Describe, NamesTypesWithoutTheirNamespace) {
  EXPECT_EQ(describe<sample::OrderCreated>().name, "OrderCreated");
  EXPECT_EQ(describe<sample::Channel>().name, "Channel");
  EXPECT_EQ(describe<std::uint16_t>().name, "uint16");
  EXPECT_EQ(describe<long>().name, "int64");
  EXPECT_EQ(describe<long long>().name, "int64");
  EXPECT_EQ(describe<std::string>().name, "string");
}

struct Twice {
  int customer_id = 0;
  int customerId = 0;
};
BOOST_DESCRIBE_STRUCT(Twice, (), (customer_id, customerId))

TEST(Describe, RefusesTwoMembersOfOneName) {
  EXPECT_THROW(describe<Twice>().object(), std::logic_error);
}

TEST(Describe, RefusesTooManyMembers) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= Object::kMembersMax; ++i) names.push_back("m" + std::to_string(i));
  Object object;
  for (std::size_t i = 0; i < Object::kMembersMax; ++i) object.members.push_back({.cpp_name = names[i]});
  EXPECT_NO_THROW(detail::name_members("Wide", object));
  object.members.push_back({.cpp_name = names.back()});
  EXPECT_THROW(detail::name_members("Wide", object), std::logic_error);
}

TEST(EventType, MakesItsData) {
  const EventType& type = event_type<sample::OrderCreated>();
  EXPECT_EQ(type.info.topic, "orders");
  EXPECT_FALSE(type.info.is_command());
  const auto data = type.make_data();
  EXPECT_EQ(*static_cast<sample::OrderCreated*>(data.get()), sample::OrderCreated{});
  EXPECT_EQ(&event_type<sample::OrderCreated>(), &type);
}

// A13
TEST(Inherit, CarriesTheStoryOn) {
  const Envelope cause{.id = "1", .aggregate_id = "order-7", .correlation_id = "story"};
  Envelope child;
  inherit(cause, child);
  EXPECT_EQ(child.correlation_id, "story");
  EXPECT_EQ(child.causation_id, "1");
  EXPECT_EQ(child.aggregate_id, "order-7");
}

TEST(Inherit, BeginsAStoryWithTheCause) {
  Envelope child;
  inherit({.id = "1"}, child);
  EXPECT_EQ(child.correlation_id, "1");
}

TEST(Inherit, LeavesWhatWasChosen) {
  Envelope child{.aggregate_id = "a", .correlation_id = "c", .causation_id = "d"};
  const Envelope chosen = child;
  inherit({.id = "1", .aggregate_id = "x", .correlation_id = "y"}, child);
  EXPECT_EQ(child, chosen);
}

}  // namespace
}  // namespace tidings
