#include "malformed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hash.hpp"

namespace shop {

namespace {

// `data` is the text of the envelope's member; a whole body where `type` is empty. Where a topic has several types, no
// group handles all of them, and a type that a group does not handle is skipped unread: those events name no type.
struct Template {
  const char* fault;
  const char* topic;
  const char* type;
  const char* data;
};

constexpr std::array kCatalogue{
    Template{"the JSON breaks off", "orders", "OrderCreated", R"({"customerId":"42","items":[{"productId":)"},
    Template{"the total is text", "orders", "OrderCreated",
             R"({"customerId":"42","items":[],"totalAmount":"eleven dollars"})"},
    Template{"there is no total", "orders", "OrderCreated", R"({"customerId":"42","items":[]})"},
    Template{"the items are no list", "orders", "OrderCreated",
             R"({"customerId":"42","items":{"productId":"CD"},"totalAmount":11.77})"},
    Template{"the total has a third decimal", "orders", "OrderCreated",
             R"({"customerId":"42","items":[],"totalAmount":11.775})"},
    Template{"it is no JSON and names no type", "payments", "", "payment of 11.77 received, thank you"},
    Template{"it is cut off and names no type", "payments", "", R"({"eventType":"PaymentCompleted","data":{"amo)"},
    Template{"the quantity is text", "inventory", "InventoryReserved", R"({"reservationId":"r","quantity":"two"})"},
    Template{"the quantity does not fit", "inventory", "InventoryReserved",
             R"({"reservationId":"r","quantity":99999999999})"},
    Template{"the data is null", "notifications", "NotificationSent", "null"},
    Template{"the data is a list", "emails", "SendEmail", R"(["someone@example.com"])"},
};
static_assert(kCatalogue.size() >= kMalformedCount);

// The last brace belongs to the envelope; where the data breaks off, so does the body.
std::string body_of(const Template& from, const std::string& id) {
  if (*from.type == '\0') return from.data;
  return fmt::format(R"({{"eventId":"{0}","eventType":"{1}","timestamp":"1997-01-01T00:00:00Z","aggregateId":"{0}",)"
                     R"("version":1,"data":{2}}})",
                     id, from.type, from.data);
}

}  // namespace

std::vector<Malformed> malformed_events(std::uint64_t seed, tidings::Time time) {
  auto chosen = std::vector(kCatalogue.begin(), kCatalogue.end());
  std::ranges::sort(chosen, {}, [&](const Template& t) { return hash(seed, t.fault); });
  chosen.resize(kMalformedCount);

  std::vector<Malformed> events;
  for (const auto& from : chosen) {
    const std::string id = fmt::format("malformed-{}", events.size() + 1);
    const auto place = static_cast<double>(hash(seed, id) % 1'000) / 1'000;
    events.push_back({.fault = from.fault,
                      .after = (static_cast<double>(events.size()) + place) / kMalformedCount,
                      .record = {.topic = from.topic,
                                 .key = id,
                                 .id = id,
                                 .type = from.type,
                                 .correlation_id = id,
                                 .content_type = "application/json",
                                 .time = time,
                                 .body = body_of(from, id)}});
  }
  return events;
}

}  // namespace shop
