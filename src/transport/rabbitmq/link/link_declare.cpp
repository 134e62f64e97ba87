#include <fmt/format.h>
#include <fmt/ranges.h>

#include "transport/rabbitmq/link/amqp_comparison.hpp"
#include "transport/rabbitmq/link/link.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Duration kLeaderWithin = std::chrono::milliseconds{240};  // a little less than the server gives it
constexpr int kLooksMax = 8;

constexpr const char* kDocument = "docs/guides/rabbitmq-security.md, \"declare=no\"";

std::string called(const ExchangeSpec& exchange) {
  return fmt::format("exchange '{}'", exchange.name);
}
std::string called(const QueueSpec& queue) {
  return fmt::format("queue '{}'", queue.name);
}

}  // namespace

std::string text_of(const Mismatch& mismatch) {
  if (mismatch.is_missing()) return mismatch.what + " is not there";
  std::vector<std::string> differences;
  for (const Difference& difference : mismatch.differences) differences.push_back(text_of(difference));
  return fmt::format("{} is there and is set otherwise: {}{}", mismatch.what, fmt::join(differences, "; "),
                     mismatch.all ? "" : "; there may be more, which RabbitMQ does not tell at once");
}

// That makes nothing, for it is there.
template <class Spec>
Result<Mismatch> Link::compare(Channel channel, Spec spec, Error error) {
  Comparison<Spec> comparison{spec, called(spec)};
  while (true) {
    auto difference = difference_of(error.message);
    if (!difference) return error;
    if (!comparison.take(*std::move(difference))) return comparison.mismatch();
    if (auto opened = open_channel(channel); !opened) return opened.error();
    // Whoever deleted it meanwhile does not get it back so.
    if (auto there = look(channel, comparison.wanted()); !there) return there.error();
    auto declared = declare_now(channel, comparison.wanted());
    if (declared) {
      close_channel(channel);  // as after any refusal
      return comparison.mismatch();
    }
    error = declared.error();
    if (error.kind != ErrorKind::conflict) {
      comparison.end();
      return comparison.mismatch();
    }
  }
}

template <class Spec>
Result<void> Link::examine(Channel channel, const Spec& spec) {
  if (auto there = look(channel, spec); !there) {
    if (there.error().kind != ErrorKind::invalid) return there.error();
    mismatches_.push_back({.what = called(spec), .name = spec.name, .differences = {}});
    return open_channel(channel);
  }
  auto declared = declare_now(channel, spec);
  if (declared) return {};
  if (is_dead()) return declared.error();
  if (declared.error().kind == ErrorKind::conflict) {
    auto mismatch = compare(channel, spec, declared.error());
    if (mismatch) mismatches_.push_back(*std::move(mismatch));
    if (is_dead()) return declared.error();
  }
  return open_channel(channel);  // who may not configure it is told nothing
}

template <class Spec>
Result<QueueCounts> Link::declare_as_told(Channel channel, const Spec& spec) {
  if (declaring_ == Declaring::use) {
    auto there = look(channel, spec);
    if (there || there.error().kind != ErrorKind::invalid) return there;
    return invalid(fmt::format(
        "{} is not there, and `declare=no` makes nothing: an administrator does, by `tidings topics create` and "
        "`tidings groups create` ({})",
        called(spec), kDocument));
  }
  if (declaring_ == Declaring::examine) {
    const auto examined = examine(channel, spec);
    return examined ? Result<QueueCounts>{QueueCounts{}} : examined.error();
  }
  auto declared = declare_now(channel, spec);
  if (declared || declared.error().kind != ErrorKind::conflict || is_dead()) return declared;
  const auto mismatch = compare(channel, spec, declared.error());
  if (!mismatch) return declared;
  return conflict(fmt::format("{}: `tidings doctor` tells the ways out", text_of(*mismatch)));
}

Result<QueueCounts> Link::declare_now(Channel channel, const ExchangeSpec& exchange) {
  Table table{exchange.arguments};
  amqp_exchange_declare(state_, channel, bytes_of(exchange.name), bytes_of(exchange.type), 0, exchange.durable ? 1 : 0,
                        exchange.auto_delete ? 1 : 0, 0, table.get());
  if (auto done = answered(channel, fmt::format("declare {}", called(exchange))); !done) return done.error();
  return QueueCounts{};
}

Result<QueueCounts> Link::declare_now(Channel channel, const QueueSpec& queue) {
  Table table{queue.arguments};
  const bool is_durable = queue.durable && !queue.exclusive && !queue.transient;
  const bool is_auto_delete = queue.auto_delete || queue.transient;
  const auto* ok = amqp_queue_declare(state_, channel, bytes_of(queue.name), 0, is_durable ? 1 : 0,
                                      queue.exclusive ? 1 : 0, is_auto_delete ? 1 : 0, table.get());
  if (auto done = answered(channel, fmt::format("declare {}", called(queue))); !done) return done.error();
  return QueueCounts{.ready = ok->message_count, .consumers = ok->consumer_count};
}

Result<QueueCounts> Link::look(Channel channel, const ExchangeSpec& exchange) {
  if (auto there = look_at_exchange(channel, exchange.name); !there) return there.error();
  return QueueCounts{};
}

Result<QueueCounts> Link::look(Channel channel, const QueueSpec& queue) {
  return look_at_queue(channel, queue.name);
}

Result<void> Link::declare(Channel channel, const ExchangeSpec& exchange) {
  const auto declared = declare_as_told(channel, exchange);
  return declared ? Result<void>{} : declared.error();
}

Result<QueueCounts> Link::declare(Channel channel, const QueueSpec& queue) {
  const bool is_own = queue.exclusive || queue.transient;
  return is_own ? declare_now(channel, queue) : declare_as_told(channel, queue);
}

// A quorum queue whose leader does not answer in 250 ms is said to have nothing, and nobody who reads it
// (rabbit_quorum_queue:stat): asked again, it may have.
Result<QueueCounts> Link::look_at_queue(Channel channel, const std::string& queue) {
  for (int look = 1;; ++look) {
    const Time asked = executor_.now();
    const auto* ok = amqp_queue_declare(state_, channel, bytes_of(queue), 1, 0, 0, 0, amqp_empty_table);
    if (auto done = answered(channel, fmt::format("look at queue '{}'", queue)); !done) return done.error();
    const QueueCounts counts{.ready = ok->message_count, .consumers = ok->consumer_count};
    const bool is_known = counts.ready > 0 || counts.consumers > 0 || executor_.now() < asked + kLeaderWithin;
    if (is_known || look == kLooksMax) return counts;
  }
}

Result<void> Link::look_at_exchange(Channel channel, const std::string& exchange) {
  amqp_exchange_declare(state_, channel, bytes_of(exchange), bytes_of("topic"), 1, 0, 0, 0, amqp_empty_table);
  return answered(channel, fmt::format("look at exchange '{}'", exchange));
}

Result<void> Link::bind_queue(Channel channel, const BindingSpec& binding) {
  if (declaring_ != Declaring::make) return {};
  Table table{binding.arguments};
  amqp_queue_bind(state_, channel, bytes_of(binding.to), bytes_of(binding.from), bytes_of(binding.key), table.get());
  return answered(channel, fmt::format("bind queue '{}' to '{}' by '{}'", binding.to, binding.from, binding.key));
}

Result<void> Link::bind_exchange(Channel channel, const BindingSpec& binding) {
  if (declaring_ != Declaring::make) return {};
  amqp_exchange_bind(state_, channel, bytes_of(binding.to), bytes_of(binding.from), bytes_of(binding.key),
                     amqp_empty_table);
  return answered(channel, fmt::format("bind exchange '{}' to '{}' by '{}'", binding.to, binding.from, binding.key));
}

Result<void> Link::unbind_queue(Channel channel, const BindingSpec& binding) {
  Table table{binding.arguments};
  amqp_queue_unbind(state_, channel, bytes_of(binding.to), bytes_of(binding.from), bytes_of(binding.key), table.get());
  return answered(channel, fmt::format("unbind queue '{}' from '{}' by '{}'", binding.to, binding.from, binding.key));
}

Result<void> Link::unbind_exchange(Channel channel, const BindingSpec& binding) {
  amqp_exchange_unbind(state_, channel, bytes_of(binding.to), bytes_of(binding.from), bytes_of(binding.key),
                       amqp_empty_table);
  return answered(channel,
                  fmt::format("unbind exchange '{}' from '{}' by '{}'", binding.to, binding.from, binding.key));
}

Result<void> Link::delete_queue(Channel channel, const std::string& queue) {
  amqp_queue_delete(state_, channel, bytes_of(queue), 0, 0);
  return answered(channel, fmt::format("delete queue '{}'", queue));
}

Result<void> Link::delete_exchange(Channel channel, const std::string& exchange) {
  amqp_exchange_delete(state_, channel, bytes_of(exchange), 0);
  return answered(channel, fmt::format("delete exchange '{}'", exchange));
}

Result<void> Link::purge(Channel channel, const std::string& queue) {
  amqp_queue_purge(state_, channel, bytes_of(queue));
  return answered(channel, fmt::format("purge queue '{}'", queue));
}

}  // namespace tidings::rabbitmq
