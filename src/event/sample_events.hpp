// Events for the tests of this room: the article's order, and one with a member of every kind.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tidings/codec.hpp"
#include "tidings/money.hpp"
#include "tidings/raw_json.hpp"

namespace tidings::sample {

struct OrderItem {
  std::string product_id;
  int quantity = 0;
  double price = 0;

  bool operator==(const OrderItem&) const = default;
};
BOOST_DESCRIBE_STRUCT(OrderItem, (), (product_id, quantity, price))

struct OrderCreated {
  std::string customer_id;
  std::vector<OrderItem> items;
  Money total_amount;

  bool operator==(const OrderCreated&) const = default;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, items, total_amount))

// What the article's Python publishes: the order's id stands in the data.
struct OrderPlaced {
  std::string order_id;
  std::string customer_id;
  std::vector<OrderItem> items;
  Money total_amount;

  bool operator==(const OrderPlaced&) const = default;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (order_id, customer_id, items, total_amount))

enum class Channel { web, shop_floor, phone = 7 };
BOOST_DESCRIBE_ENUM(Channel, web, shop_floor, phone)

struct Card {
  std::string number;
  bool operator==(const Card&) const = default;
};
BOOST_DESCRIBE_STRUCT(Card, (), (number))

struct Invoice {
  std::chrono::days due_within{};
  bool operator==(const Invoice&) const = default;
};
BOOST_DESCRIBE_STRUCT(Invoice, (), (due_within))

// May hold itself.
struct Category {
  std::string name;
  std::vector<Category> children;
  bool operator==(const Category&) const = default;
};
BOOST_DESCRIBE_STRUCT(Category, (), (name, children))

struct Integers {
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  bool operator==(const Integers&) const = default;
};
BOOST_DESCRIBE_STRUCT(Integers, (), (i8, i16, i32, i64, u8, u16, u32, u64))

struct Everything : Integers {
  bool is_gift = false;
  float small_number = 0;
  double big_number = 0;
  std::string note;
  Channel channel = Channel::web;
  std::optional<std::string> coupon_code;
  std::optional<int> priority = 5;
  std::vector<std::string> tags;
  std::vector<bool> flags;
  std::array<int, 3> dimensions{};
  std::map<std::string, double> scores;
  std::map<std::string, std::optional<int>> limits;
  Category category;
  std::variant<std::monostate, Card, Invoice, std::string> payment;
  Time placed_at{};
  std::chrono::sys_time<std::chrono::nanoseconds> measured_at{};
  std::chrono::sys_days delivery_day{};
  std::chrono::milliseconds delay{};
  std::chrono::hours window{};
  Money discount;
  RawJson extra;
  Bytes photo;
  bool operator==(const Everything&) const = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (Integers),
                      (is_gift, small_number, big_number, note, channel, coupon_code, priority, tags, flags, dimensions,
                       scores, limits, category, payment, placed_at, measured_at, delivery_day, delay, window, discount,
                       extra, photo))

struct Empty {
  bool operator==(const Empty&) const = default;
};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

// With field_info.
struct Registered {
  std::string email;
  int age = 18;
  std::string customer_id;
  bool operator==(const Registered&) const = default;
};
BOOST_DESCRIBE_STRUCT(Registered, (), (email, age, customer_id))

inline OrderCreated order() {
  return {.customer_id = "cust-456",
          .items = {{.product_id = "prod-789", .quantity = 2, .price = 44.995}, {"CD \"Ä\"", 1, 10}},
          .total_amount = Money{9999}};
}

inline Everything everything() {
  Everything value;
  static_cast<Integers&>(value) = {INT8_MIN,  INT16_MIN,  INT32_MIN,  INT64_MIN,
                                   UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX};
  value.is_gift = true;
  value.small_number = 0.1F;
  value.big_number = 1e300;
  value.note = "quote \" backslash \\ slash / tab \t line \n bell \x07 Grüße 漢字 \xF0\x9F\x92\xBF";
  value.channel = Channel::shop_floor;
  value.coupon_code = "SPRING";
  value.priority = std::nullopt;
  value.tags = {"", "a"};
  value.flags = {true, false, true};
  value.dimensions = {1, -2, 3};
  value.scores = {{"first item", 0.5}, {"z", -0.0}};
  value.limits = {{"none", std::nullopt}, {"some", 3}};
  value.category = {"music", {{"jazz", {}}, {"rock", {{"hard", {}}}}}};
  value.payment = Invoice{std::chrono::days{14}};
  value.placed_at = Time{std::chrono::microseconds{1'767'323'045'123'456}};
  value.measured_at = std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds{-1}};
  value.delivery_day = std::chrono::sys_days{std::chrono::year{2026} / 2 / 28};
  value.delay = std::chrono::milliseconds{-1'500};
  value.window = std::chrono::hours{36};
  value.discount = Money{-5};
  value.extra = {R"({"b": [1, 2.50, null], "a": "ü"})"};
  value.photo = {std::string{"\x00\xFF\x10", 3} + "~"};
  return value;
}

inline Envelope envelope() {
  return {.id = "018bcfe5-687b-774b-8123-456789abcdef",
          .type = "OrderCreated",
          .time = Time{std::chrono::microseconds{1'767'323'045'123'456}},
          .aggregate_id = "cdnow-1",
          .version = 1,
          .correlation_id = "story-1",
          .causation_id = "018bcfe5-687b-774b-8123-000000000000",
          .metadata = {{"environment", "test"}, {"source", "shop"}, {"userId", "u-1"}}};
}

// The golden file of that name, without the line end that editors want.
inline std::string golden(const std::string& name) {
  std::ifstream file{std::string{TIDINGS_GOLDEN_DIR "/event/"} + name};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace tidings::sample

template <>
inline constexpr tidings::FieldInfo tidings::field_info<&tidings::sample::Registered::email>{
    .required = true, .doc = "Where we write to", .format = "email", .name = "e-mail", .masked = true};
template <>
inline constexpr tidings::FieldInfo tidings::field_info<&tidings::sample::Registered::customer_id>{.required = true};
template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::sample::OrderCreated>{.type = "OrderCreated",
                                                                                       .topic = "orders"};
