#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "json_rivals.hpp"
#include "tidings/time_text.hpp"

namespace tidings::bench {

void from_json(const nlohmann::json& json, OrderItem& item) {
  json.at("productId").get_to(item.product_id);
  json.at("quantity").get_to(item.quantity);
  json.at("price").get_to(item.price);
}

void to_json(nlohmann::json& json, const OrderItem& item) {
  json = {{"productId", item.product_id}, {"quantity", item.quantity}, {"price", item.price}};
}

void from_json(const nlohmann::json& json, OrderCreated& order) {
  json.at("customerId").get_to(order.customer_id);
  json.at("items").get_to(order.items);
  order.total_amount.cents = std::llround(json.at("totalAmount").get<double>() * 100);
}

void to_json(nlohmann::json& json, const OrderCreated& order) {
  json = {{"customerId", order.customer_id},
          {"items", order.items},
          {"totalAmount", static_cast<double>(order.total_amount.cents) / 100}};
}

bool read_nlohmann(std::string_view body, OrderEvent& event) {
  const auto json = nlohmann::json::parse(body);
  Envelope& envelope = event.envelope;
  json.at("eventId").get_to(envelope.id);
  json.at("eventType").get_to(envelope.type);
  const auto instant = parse_time(json.at("timestamp").get_ref<const std::string&>());
  if (!instant) return false;
  envelope.time = Time{std::chrono::seconds{instant->seconds}} + Duration{instant->nanos / 1000};
  json.at("aggregateId").get_to(envelope.aggregate_id);
  json.at("version").get_to(envelope.version);
  json.at("correlationId").get_to(envelope.correlation_id);
  json.at("causationId").get_to(envelope.causation_id);
  json.at("data").get_to(event.data);
  json.at("metadata").get_to(envelope.metadata);
  return true;
}

void write_nlohmann(const OrderEvent& event, std::string& body) {
  const Envelope& envelope = event.envelope;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(envelope.time);
  const nlohmann::json json{
      {"eventId", envelope.id},
      {"eventType", envelope.type},
      {"timestamp", fmt::format("{:%FT%T}.{:06}Z", seconds, (envelope.time - seconds).count())},
      {"aggregateId", envelope.aggregate_id},
      {"version", envelope.version},
      {"correlationId", envelope.correlation_id},
      {"causationId", envelope.causation_id},
      {"data", event.data},
      {"metadata", envelope.metadata},
  };
  body = json.dump();
}

}  // namespace tidings::bench
