// Arguments as rabbitmq-c takes them.
#pragma once

#include <amqp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tidings::rabbitmq {

// An argument of a queue, an exchange, a binding or a consumer.
struct Argument {
  std::string name;
  std::variant<std::string, std::int64_t, bool> value;
};
using Arguments = std::vector<Argument>;

inline amqp_bytes_t bytes_of(std::string_view text) {
  return {.len = text.size(), .bytes = const_cast<char*>(text.data())};
}
inline std::string_view view_of(const amqp_bytes_t& bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

inline amqp_field_value_t value_of(const std::string& text) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_UTF8;
  value.value.bytes = bytes_of(text);
  return value;
}
inline amqp_field_value_t value_of(std::int64_t number) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_I64;
  value.value.i64 = number;
  return value;
}
inline amqp_field_value_t value_of(bool is) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_BOOLEAN;
  value.value.boolean = is ? 1 : 0;
  return value;
}

// Looks into the arguments.
class Table final {
 public:
  explicit Table(const Arguments& arguments) {
    for (const Argument& argument : arguments) {
      entries_.push_back({.key = bytes_of(argument.name),
                          .value = std::visit([](const auto& value) { return value_of(value); }, argument.value)});
    }
  }
  amqp_table_t get() { return {.num_entries = static_cast<int>(entries_.size()), .entries = entries_.data()}; }

 private:
  std::vector<amqp_table_entry_t> entries_;
};

}  // namespace tidings::rabbitmq
