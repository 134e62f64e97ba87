#include "transport/rabbitmq/amqp_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "text/duration_text.hpp"
#include "transport/rabbitmq/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using transport::Url;
using transport::UrlOption;

namespace {

constexpr std::array<UrlOption, 7> kOptions{{
    {"prefix", "of all names of the deployment; default none"},
    {"queue", "quorum or classic: what queues that are made are; default quorum"},
    {"queues", "of a subscription that is new and whose topic does not say, 1 to 64; default 1"},
    {"prefetch", "events that a queue gives before they are settled, 1 to 65535; default 64"},
    {"strict_hold_max", "a strict retry that would wait longer is made relaxed, 1s to 20m; default 60s"},
    {"history", "how long topics keep events for replays and readings, 1m to 3650d, or no; default 7d"},
    {"heartbeat", "after twice that long without a word a connection counts as lost, 1s to 10m; default 10s"},
}};

class Reader final {
 public:
  explicit Reader(const Url& url) : url_{url} {}

  void number(std::string_view name, std::int32_t least, std::int32_t most, std::int32_t& to) {
    const std::string* text = find(name);
    if (text == nullptr) return;
    std::int32_t number = 0;
    const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (fault != std::errc{} || end != text->data() + text->size() || number < least || number > most) {
      return wrong(name, *text, fmt::format("{} to {}", least, most));
    }
    to = number;
  }
  void duration(std::string_view name, Duration least, Duration most, Duration& to) {
    const std::string* text = find(name);
    if (text == nullptr) return;
    const auto duration = text::duration_of(*text);
    if (!duration || *duration < least || *duration > most) {
      return wrong(name, *text, fmt::format("{} to {}", text::duration_text(least), text::duration_text(most)));
    }
    to = *duration;
  }
  const std::string* find(std::string_view name) const {
    const auto found = url_.options.find(name);
    return found == url_.options.end() ? nullptr : &found->second;
  }
  void wrong(std::string_view name, std::string_view value, std::string_view wanted) {
    say(fmt::format("'{}={}': expected {}", name, value, wanted));
  }
  void say(const std::string& fault) { faults_ += (faults_.empty() ? "" : "; ") + fault; }
  const std::string& faults() const { return faults_; }

 private:
  const Url& url_;
  std::string faults_;
};

void read_server(std::string_view text, Reader& reader, AmqpOptions& options) {
  Server server;
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.back() != ']';
  server.host = text.substr(0, has_port ? colon : text.size());
  if (has_port) {
    const std::string_view port = text.substr(colon + 1);
    const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), server.port);
    if (fault != std::errc{} || end != port.data() + port.size() || server.port < 1 || server.port > 65'535) {
      reader.say(fmt::format("'{}' is no port", port));
    }
  }
  options.servers.push_back(std::move(server));
}

// `[USER@]HOST[:PORT][,HOST[:PORT]...]`
void read_authority(std::string_view authority, Reader& reader, AmqpOptions& options) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    if (user.find(':') != std::string_view::npos) {
      reader.say("a password does not belong into a URL, where others see it: leave it out");
    }
    options.user = user.substr(0, user.find(':'));
  }
  while (!authority.empty()) {
    const std::string_view server = authority.substr(0, authority.find(','));
    authority.remove_prefix(std::min(server.size() + 1, authority.size()));
    if (!server.empty()) read_server(server, reader, options);
  }
}

bool is_name_part(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

}  // namespace

Result<AmqpOptions> options_from(const Url& url) {
  if (auto known = transport::check_options(url, kOptions); !known) return known.error();
  AmqpOptions options;
  Reader reader{url};
  read_authority(url.authority, reader, options);
  if (options.servers.empty()) {
    return invalid("an `amqp:` URL names a server: write `amqp://HOST:5672/` or `amqp://USER@HOST:5672/VHOST`");
  }
  if (url.path.size() > 1) options.vhost = url.path.substr(url.path.front() == '/' ? 1 : 0);
  if (const auto* text = reader.find("prefix")) {
    options.prefix = *text;
    if (!is_name_part(*text)) reader.wrong("prefix", *text, "letters, digits, '.', '_' and '-'");
  }
  if (const auto* text = reader.find("queue")) {
    if (*text != "quorum" && *text != "classic") reader.wrong("queue", *text, "quorum or classic");
    options.queue = *text == "classic" ? QueueKind::classic : QueueKind::quorum;
  }
  reader.number("queues", 1, 64, options.queues);
  reader.number("prefetch", 1, 65'535, options.prefetch);
  if (const auto* text = reader.find("history"); text != nullptr && *text == "no") {
    options.history = Duration::zero();
  } else {
    reader.duration("history", std::chrono::minutes{1}, std::chrono::hours{24 * 3'650}, options.history);
  }
  reader.duration("strict_hold_max", std::chrono::seconds{1}, std::chrono::minutes{20}, options.strict_hold_max);
  reader.duration("heartbeat", std::chrono::seconds{1}, std::chrono::minutes{10}, options.heartbeat);
  if (!reader.faults().empty()) return invalid(fmt::format("in the `amqp:` URL: {}", reader.faults()));
  return options;
}

std::string AmqpOptions::deployment() const {
  std::string text = vhost + "\n" + prefix;
  for (const Server& server : servers) text += fmt::format("\n{}:{}", server.host, server.port);
  return text;
}

std::string describe_rabbitmq() {
  std::string text = "amqp://[USER@]HOST[:PORT][,HOST...]/[VHOST][?option=value&...]  RabbitMQ";
  for (const UrlOption& option : kOptions) text += fmt::format("\n    {}: {}", option.name, option.meaning);
  return text;
}

}  // namespace tidings::rabbitmq
