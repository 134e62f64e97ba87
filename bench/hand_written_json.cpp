#include <charconv>
#include <cmath>

#include "json_rivals.hpp"

namespace tidings::bench {

namespace {

namespace ondemand = simdjson::ondemand;

bool read_text(ondemand::value value, std::string& out) {
  std::string_view text;
  if (value.get_string().get(text)) return false;
  out.assign(text);
  return true;
}

bool read_int(ondemand::value value, int& out) {
  std::int64_t number = 0;
  if (value.get_int64().get(number)) return false;
  out = static_cast<int>(number);
  return true;
}

int digits(const char* at, int count) {
  int number = 0;
  for (int i = 0; i < count; ++i) number = number * 10 + (at[i] - '0');
  return number;
}

// `2026-01-02T03:04:05.123456Z`, as every Tidings service writes it.
bool read_time(ondemand::value value, Time& out) {
  using namespace std::chrono;
  std::string_view text;
  if (value.get_string().get(text) || text.size() != 27) return false;
  const char* at = text.data();
  const sys_days day = year{digits(at, 4)} / digits(at + 5, 2) / digits(at + 8, 2);
  out = day + hours{digits(at + 11, 2)} + minutes{digits(at + 14, 2)} + seconds{digits(at + 17, 2)} +
        microseconds{digits(at + 20, 6)};
  return true;
}

bool read_money(ondemand::value value, Money& out) {
  double amount = 0;
  if (value.get_double().get(amount)) return false;
  out.cents = std::llround(amount * 100);
  return true;
}

bool read_item(ondemand::object object, OrderItem& item) {
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key)) return false;
    bool is_read = true;
    if (key == "productId") {
      is_read = read_text(field.value(), item.product_id);
    } else if (key == "quantity") {
      is_read = read_int(field.value(), item.quantity);
    } else if (key == "price") {
      is_read = !field.value().get_double().get(item.price);
    }
    if (!is_read) return false;
  }
  return true;
}

bool read_data(ondemand::object object, OrderCreated& order) {
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key)) return false;
    if (key == "customerId") {
      if (!read_text(field.value(), order.customer_id)) return false;
    } else if (key == "items") {
      ondemand::array items;
      if (field.value().get_array().get(items)) return false;
      for (auto item : items) {
        ondemand::object fields;
        if (item.get_object().get(fields) || !read_item(fields, order.items.emplace_back())) return false;
      }
    } else if (key == "totalAmount") {
      if (!read_money(field.value(), order.total_amount)) return false;
    }
  }
  return true;
}

bool read_metadata(ondemand::object object, std::map<std::string, std::string>& metadata) {
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) || !read_text(field.value(), metadata[std::string{key}])) return false;
  }
  return true;
}

}  // namespace

bool HandWritten::read(std::string_view body, OrderEvent& event) {
  padded_.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  padded_.assign(body);
  ondemand::document document;
  ondemand::object object;
  if (parser_.iterate(padded_).get(document) || document.get_object().get(object)) return false;
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) || !read_member(key, field.value(), event)) return false;
  }
  return true;
}

bool HandWritten::read_member(std::string_view key, ondemand::value value, OrderEvent& event) {
  Envelope& envelope = event.envelope;
  if (key == "eventId") return read_text(value, envelope.id);
  if (key == "eventType") return read_text(value, envelope.type);
  if (key == "timestamp") return read_time(value, envelope.time);
  if (key == "aggregateId") return read_text(value, envelope.aggregate_id);
  if (key == "version") return read_int(value, envelope.version);
  if (key == "correlationId") return read_text(value, envelope.correlation_id);
  if (key == "causationId") return read_text(value, envelope.causation_id);
  if (key == "data") return read_data(value, event.data);
  if (key == "metadata") return read_metadata(value, envelope.metadata);
  return true;
}

}  // namespace tidings::bench
