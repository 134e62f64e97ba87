#include "transport/rabbitmq/link/amqp_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "text/option_reader.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using text::OptionReader;
using transport::Url;
using transport::UrlOption;

namespace {

constexpr int kPort = 5'672, kTlsPort = 5'671;

constexpr std::array<UrlOption, 13> kOptions{{
    {"prefix", "of all names of the deployment; default none"},
    {"queue", "quorum or classic: what queues that are made are; default quorum"},
    {"queues", "of a subscription that is new and whose topic does not say, 1 to 64; default 1"},
    {"prefetch", "events that a queue gives before they are settled, 1 to 65535; default 64"},
    {"strict_hold_max", "a strict retry that would wait longer is made relaxed, 1s to 20m; default 60s"},
    {"revoke_within",
     "how long a process may finish what it has of a queue that goes elsewhere, 10ms to 30m; default 60s"},
    {"order", "key; strict: nothing of a key is sent before what came before it is confirmed; none: members compete"},
    {"message_ttl",
     "events that wait longer in a subscription's queue are dead letters, 1s to 365d; default: none are"},
    {"queue_expires",
     "a subscription's queue is removed after so long without a member, 1m to 365d; default: it stays"},
    {"commands_max", "commands that wait in a queue: beyond, they are refused, 1 to 1000000000; default: no bound"},
    {"history", "how long topics keep events for replays and readings, 1m to 3650d, or no; default 7d"},
    {"declare",
     "no: exchanges, queues and bindings are an administrator's, and only used; default yes: missing ones are made"},
    {"heartbeat", "after twice that long without a word a connection counts as lost, 1s to 10m; default 10s"},
}};

void read_server(std::string_view text, OptionReader& reader, AmqpOptions& options) {
  Server server{.host = {}, .port = options.security.tls ? kTlsPort : kPort};
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.back() != ']';
  server.host = text.substr(0, has_port ? colon : text.size());
  // An IPv6 address stands in brackets.
  if (server.host.starts_with('[') && server.host.ends_with(']'))
    server.host = server.host.substr(1, server.host.size() - 2);
  if (has_port) {
    const std::string_view port = text.substr(colon + 1);
    const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), server.port);
    if (fault != std::errc{} || end != port.data() + port.size() || server.port < 1 || server.port > 65'535) {
      reader.say(fmt::format("'{}' is no port", port));
    }
  }
  options.servers.push_back(std::move(server));
}

// `HOST[:PORT][,HOST[:PORT]...]`
void read_servers(std::string_view authority, OptionReader& reader, AmqpOptions& options) {
  while (!authority.empty()) {
    const std::string_view server = authority.substr(0, authority.find(','));
    authority.remove_prefix(std::min(server.size() + 1, authority.size()));
    if (!server.empty()) read_server(server, reader, options);
  }
}

std::vector<UrlOption> all_options() {
  std::vector<UrlOption> all{kOptions.begin(), kOptions.end()};
  const auto security = security_url_options();
  all.insert(all.end(), security.begin(), security.end());
  return all;
}

void take_security(Url& url, OptionReader& reader, AmqpOptions& options) {
  std::vector<std::string> faults;
  options.security = take_security_of(url, faults);
  for (const std::string& fault : faults) reader.say(fault);
}

}  // namespace

Result<AmqpOptions> options_from(const Url& given) {
  Url url = given;
  AmqpOptions options;
  OptionReader reader{url};
  take_security(url, reader, options);
  if (auto known = transport::check_options(url, all_options()); !known) return known.error();
  read_servers(url.authority, reader, options);
  if (options.servers.empty()) {
    return invalid("an `amqp:` URL names a server: write `amqp://HOST:5672/` or `amqps://USER@HOST:5671/VHOST`");
  }
  if (url.path.size() > 1) options.vhost = url.path.substr(url.path.front() == '/' ? 1 : 0);
  reader.prefix(options.prefix);
  bool classic = false;
  reader.choice("queue", "classic", "quorum", classic);
  options.queue = classic ? QueueKind::classic : QueueKind::quorum;
  bool make = true;
  reader.choice("declare", "yes", "no", make);
  options.declaring = make ? Declaring::make : Declaring::use;
  reader.number("queues", 1, 64, options.queues);
  reader.number("prefetch", 1, 65'535, options.prefetch);
  if (const auto* text = reader.find("history"); text != nullptr && *text == "no") {
    options.history = Duration::zero();
  } else {
    reader.duration("history", std::chrono::minutes{1}, std::chrono::hours{24 * 3'650}, options.history);
  }
  if (const auto* text = reader.find("order")) {
    if (*text != "none" && *text != "key" && *text != "strict") reader.wrong("order", *text, "key, strict or none");
    options.order = *text == "none" ? Order::none : *text == "strict" ? Order::strict : Order::key;
  }
  constexpr Duration kYear = std::chrono::hours{24 * 365};
  reader.duration("message_ttl", std::chrono::seconds{1}, kYear, options.message_ttl);
  reader.duration("queue_expires", std::chrono::minutes{1}, kYear, options.queue_expires);
  reader.number("commands_max", 1, 1'000'000'000, options.commands_max);
  reader.duration("strict_hold_max", std::chrono::seconds{1}, std::chrono::minutes{20}, options.strict_hold_max);
  reader.duration("revoke_within", std::chrono::milliseconds{10}, std::chrono::minutes{30}, options.revoke_within);
  reader.duration("heartbeat", std::chrono::seconds{1}, std::chrono::minutes{10}, options.heartbeat);
  if (!reader.faults().empty()) return invalid(fmt::format("in the `{}:` URL: {}", url.scheme, reader.faults()));
  return options;
}

std::string AmqpOptions::deployment() const {
  std::string text = vhost + "\n" + prefix;
  for (const Server& server : servers) text += fmt::format("\n{}:{}", server.host, server.port);
  return text;
}

std::string describe_rabbitmq() {
  std::string text =
      "amqp[s]://[USER@]HOST[:PORT][,HOST...]/[VHOST][?option=value&...]  RabbitMQ, with `amqps:` by TLS";
  for (const UrlOption& option : all_options()) text += fmt::format("\n    {}: {}", option.name, option.meaning);
  return text;
}

}  // namespace tidings::rabbitmq
