// Between records and AMQP messages: docs/wire.md, "Fields of a record".
//
// Threads: values.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/record.hpp"
#include "transport/driver/copy.hpp"
#include "transport/rabbitmq/format/death.hpp"

namespace tidings::rabbitmq {

// More that a message says in headers, as text.
using Notes = std::vector<std::pair<std::string_view, std::string>>;

// A record's properties, which look into it and its notes: both must outlive them, and stay where they are.
class Properties final {
 public:
  // `notes`: behind its own headers. `now`: where the record has no time.
  Properties(const transport::Record& record, const Notes& notes, Time now);
  Properties(const Properties&) = delete;
  Properties& operator=(const Properties&) = delete;
  ~Properties();

  const amqp_basic_properties_t& get() const { return properties_; }

 private:
  void add_headers(const transport::Record& record, const Notes& notes);
  void add(std::string_view name, const std::optional<std::string_view>& value);
  void add_broker_fields(const std::string& fields);
  bool set_property(const amqp_table_entry_t& entry);

  amqp_basic_properties_t properties_{};
  std::vector<amqp_table_entry_t> headers_;
  amqp_pool_t pool_{};  // of what was decoded from broker fields
};

// What of a record AMQP cannot hold: an id, a correlation id or a content type beyond 255 bytes. invalid.
Result<void> check_fits(const transport::Record& record);

// A message that came, in memory of its own: one piece of it. What it says lives as long as it, and stays where it is.
class Message final {
 public:
  // In pieces, as frames bring them. `topic`: where it says none itself.
  Message(const amqp_basic_deliver_t& deliver, std::string topic);
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  void set_properties(const amqp_basic_properties_t& properties, std::uint64_t body_bytes);
  // Before finish(): of one that says none, and had none to begin with.
  bool says_topic() const { return !topic_.empty(); }
  void set_topic(std::string topic) { topic_ = std::move(topic); }
  void append(std::string_view body) { memory_.append(body.substr(0, body_end_ - memory_.size())); }
  bool is_complete() const { return memory_.size() >= body_end_; }
  void finish();

  std::uint64_t tag() const { return tag_; }
  bool redelivered() const { return redelivered_; }
  const std::string& exchange() const { return exchange_; }
  const std::string& routing_key() const { return routing_key_; }
  std::int64_t stream_offset() const { return stream_offset_; }    // -1: it is of no stream
  std::int64_t delivery_count() const { return delivery_count_; }  // by a quorum queue
  bool says_slot() const { return says_slot_; }                    // of its key (key_slots.hpp)
  const transport::RecordView& record() const { return record_; }
  // What stands in one of our own headers.
  std::optional<std::string_view> note(std::string_view name) const;
  // Of a dead letter, a retry or a replay.
  const std::optional<transport::Copy>& copy() const { return copy_; }
  // Of one that a queue gave up on: where, by the server.
  const std::optional<Death>& death() const { return death_; }
  std::size_t bytes() const { return bytes_; }  // by size_of(record)

 private:
  void read_header(const amqp_table_entry_t& entry);
  // In its memory, which has room for it.
  std::string_view keep(const amqp_bytes_t& bytes);

  std::uint64_t tag_;
  bool redelivered_;
  std::string exchange_;
  std::string routing_key_;
  std::string topic_;
  std::string broker_fields_;
  std::vector<transport::HeaderView> headers_;
  std::vector<transport::HeaderView> notes_;
  std::optional<transport::Copy> copy_;
  std::optional<Death> death_;
  std::vector<amqp_table_entry_t> typed_;  // until properties are read
  std::int64_t stream_offset_ = -1;
  std::int64_t delivery_count_ = 0;
  bool is_tombstone_ = false;
  bool says_slot_ = false;
  std::string memory_;  // properties, headers, and the body behind them
  std::size_t body_at_ = 0;
  std::size_t body_end_ = 0;
  transport::RecordView record_;
  std::size_t bytes_ = 0;
};

}  // namespace tidings::rabbitmq
