#include "transport/rabbitmq/format/death.hpp"

#include "transport/rabbitmq/link/field_value.hpp"

namespace tidings::rabbitmq {

namespace {

std::string text_of(const amqp_field_value_t& value) {
  return is_text(value) ? std::string{view_of(value.value.bytes)} : std::string{};
}

// The first of several: the others are those of CC headers.
std::string first_of(const amqp_field_value_t& value) {
  if (value.kind != AMQP_FIELD_KIND_ARRAY || value.value.array.num_entries == 0) return {};
  return text_of(value.value.array.entries[0]);
}

void read(Death& death, std::string_view name, const amqp_field_value_t& value) {
  if (name == "queue") death.queue = text_of(value);
  if (name == "reason") death.reason = text_of(value);
  if (name == "routing-keys") death.routing_key = first_of(value);
  if (name == "count") death.count = number_of(value).value_or(0);
  if (name == "time" && value.kind == AMQP_FIELD_KIND_TIMESTAMP) {
    death.at = amqp_time(value.value.u64);
  }
}

}  // namespace

std::optional<Death> last_death(const amqp_field_value_t& header) {
  if (header.kind != AMQP_FIELD_KIND_ARRAY || header.value.array.num_entries == 0) return std::nullopt;
  const amqp_field_value_t& latest = header.value.array.entries[0];
  if (latest.kind != AMQP_FIELD_KIND_TABLE) return std::nullopt;
  Death death;
  const amqp_table_t& table = latest.value.table;
  for (int i = 0; i < table.num_entries; ++i) read(death, view_of(table.entries[i].key), table.entries[i].value);
  if (death.queue.empty()) return std::nullopt;
  return death;
}

}  // namespace tidings::rabbitmq
