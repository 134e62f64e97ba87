#include "transport/rabbitmq/consume/amqp_holdings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "tidings/time_text.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Channel kChannel = 1;
constexpr std::string_view kReplyTo = "tidings-reply-to";
constexpr std::string_view kUnkeyed = "/unkeyed";  // no queue that we read is called so

// Until so many have answered, or are gone.
Result<Holdings> hear(Link& link, std::size_t wanted, Time deadline) {
  Holdings holdings;
  std::unique_ptr<Message> message;
  bool is_headed = false;
  while (wanted > 0) {
    auto next = link.next(deadline);
    if (!next) return next.error();
    if (!*next) return holdings;
    const amqp_frame_t& frame = **next;
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      const auto& method = frame.payload.method;
      if (method.id == AMQP_BASIC_RETURN_METHOD) --wanted;
      if (method.id == AMQP_BASIC_DELIVER_METHOD) {
        message = std::make_unique<Message>(*static_cast<const amqp_basic_deliver_t*>(method.decoded), "");
        is_headed = false;
      }
    } else if (message != nullptr && frame.frame_type == AMQP_FRAME_HEADER) {
      const auto& properties = *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
      message->set_properties(properties, frame.payload.properties.body_size);
      is_headed = true;
    } else if (message != nullptr && frame.frame_type == AMQP_FRAME_BODY) {
      message->append(view_of(frame.payload.body_fragment));
    }
    link.release(frame.channel);
    if (message == nullptr || !is_headed || !message->is_complete()) continue;
    message->finish();
    add_holdings(holdings, message->record().body.value_or(std::string_view{}));
    message.reset();
    --wanted;
  }
  return holdings;
}

Result<void> ask(Link& link, const std::string& presence, const std::string& answers, Time now) {
  const transport::Record record{.body = ""};
  const Notes notes{{kReplyTo, answers}};
  const Properties properties{record, notes, now};
  return link.publish(kChannel, "", presence, properties.get(), *record.body);
}

}  // namespace

std::string text_of(const Holdings& holdings) {
  std::string text;
  for (const auto& [queue, holding] : holdings) {
    text += fmt::format("{}={} {}\n", queue, holding.count, holding.oldest ? to_text(*holding.oldest) : "");
    if (holding.unkeyed > 0) text += fmt::format("{}{}={}\n", queue, kUnkeyed, holding.unkeyed);
  }
  return text;
}

void add_holdings(Holdings& to, std::string_view text) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto equals = line.rfind('=');
    if (equals == std::string_view::npos) continue;
    const auto said = line.substr(equals + 1);
    auto queue = line.substr(0, equals);
    std::uint64_t count = 0;
    std::from_chars(said.data(), said.data() + said.size(), count);
    if (queue.ends_with(kUnkeyed)) {
      queue.remove_suffix(kUnkeyed.size());
      to[std::string{queue}].unkeyed += count;
      continue;
    }
    Holding& holding = to[std::string{queue}];
    holding.count += count;
    if (const auto oldest = time_of(said.substr(std::min(said.find(' ') + 1, said.size())))) holding.oldest = *oldest;
  }
}

Result<Holdings> ask_holdings(Broker& broker, const std::vector<std::string>& presences) {
  if (presences.empty()) return Holdings{};
  Executor& executor = broker.executor();
  const Time deadline = executor.now() + kAskWithin;
  auto link = Link::open(broker.options(), "questions", executor, deadline);
  if (!link) return link.error();
  const std::string answers = fmt::format("{}tidings.answers.{:016x}", broker.options().prefix, executor.random());
  if (auto done = (*link)->open_channel(kChannel); !done) return done.error();
  if (auto done = (*link)->declare(kChannel, QueueSpec{.name = answers, .exclusive = true}); !done) return done.error();
  if (auto done = (*link)->consume(kChannel, answers, {}); !done) return done.error();
  for (const std::string& presence : presences) {
    if (auto done = ask(**link, presence, answers, executor.now()); !done) return done.error();
  }
  return hear(**link, presences.size(), deadline);
}

std::optional<Outgoing> answer_to(const Message& question, const Holdings& holdings) {
  const auto reply_to = question.note(kReplyTo);
  if (!reply_to) return {};
  return Outgoing{.exchange = "",
                  .key = std::string{*reply_to},
                  .record = {.body = text_of(holdings)},
                  .answered = [](const Result<void>&) {}};
}

}  // namespace tidings::rabbitmq
