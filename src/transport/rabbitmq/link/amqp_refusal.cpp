#include "transport/rabbitmq/link/amqp_refusal.hpp"

#include <amqp_framing.h>
#include <fmt/format.h>

#include <algorithm>

namespace tidings::rabbitmq {

namespace {

constexpr std::string_view kDocument = "docs/guides/rabbitmq-security.md";

bool has(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

// What stands between both; nothing where one of them is missing.
std::string_view between(std::string_view text, std::string_view before, std::string_view behind) {
  const auto begin = text.find(before);
  if (begin == text.npos) return {};
  text.remove_prefix(begin + before.size());
  const auto end = text.find(behind);
  return end == text.npos ? std::string_view{} : text.substr(0, end);
}

// By what was refused, and of what.
std::string_view right_to(amqp_method_number_t method, bool of_queue) {
  switch (method) {
    case AMQP_QUEUE_DECLARE_METHOD:  // an exchange is that of its dead letters
      return of_queue ? "configure" : "write to";
    case AMQP_QUEUE_BIND_METHOD:
    case AMQP_QUEUE_UNBIND_METHOD:
      return of_queue ? "write to" : "read from";
    case AMQP_EXCHANGE_BIND_METHOD:
    case AMQP_EXCHANGE_UNBIND_METHOD:
      return "write to (where a binding leads to it) or read from (where it comes from it)";
    case AMQP_BASIC_PUBLISH_METHOD:
      return "write to";
    case AMQP_BASIC_CONSUME_METHOD:
    case AMQP_BASIC_GET_METHOD:
    case AMQP_QUEUE_PURGE_METHOD:
      return "read from";
    default:
      return "configure";
  }
}

// `access to queue 'x' in vhost '/' refused for user 'y'`; later servers name the right in front of it.
std::string missing_right(const Refusal& refusal) {
  const bool of_queue = has(refusal.words, "queue '");
  const std::string_view user = between(refusal.words, "for user '", "'");
  const std::string_view vhost = between(refusal.words, "in vhost '", "'");
  std::string_view name = between(refusal.words, of_queue ? "queue '" : "exchange '", "' in vhost");
  if (user.empty() || name.empty()) return fmt::format("{}; has the user that right?", refusal.words);
  const std::string_view right = right_to(refusal.method, of_queue);
  const bool may_leave_out = right == "configure";
  return fmt::format(
      "user '{0}' lacks the right to {1} {2} '{3}' in virtual host '{4}': an administrator gives it by `rabbitmqctl "
      "set_permissions -p {4} {0} CONFIGURE WRITE READ`, three patterns of names ({5}){6}",
      user, right, of_queue ? "queue" : "exchange", name, vhost, kDocument,
      may_leave_out ? "; or where an administrator makes what is needed, write `declare=no`" : "");
}

std::string_view value_in(std::string_view text) {
  return text.starts_with("none") ? std::string_view{} : between(text, "'", "'");
}

}  // namespace

// https://www.rabbitmq.com/amqp-0-9-1-reference.html#constants
Error error_of(const Refusal& refusal, std::string_view doing) {
  const std::string text = fmt::format("could not {}: {}", doing, refusal.words);
  switch (refusal.code) {
    case AMQP_CONTENT_TOO_LARGE:
      return invalid(text);
    case AMQP_ACCESS_REFUSED:
      return invalid(fmt::format("could not {}: {}", doing, missing_right(refusal)));
    case AMQP_NOT_FOUND:
      // It is there, on a server that is not, or that starts.
      return has(refusal.words, "down or inaccessible") ? unavailable(text) : invalid(text);
    case AMQP_NOT_ALLOWED:
      return invalid(text);
    case AMQP_RESOURCE_LOCKED:
    case AMQP_PRECONDITION_FAILED:
      return conflict(text);
    case AMQP_RESOURCE_ERROR:
      return overloaded(text);
    default:
      return unavailable(text);
  }
}

std::string_view exchange_in(std::string_view text) {
  const std::string_view name = between(text, "exchange '", "'");
  return name == "amq.default" ? std::string_view{} : name;
}

Error login_error(const Refusal& given, const AmqpOptions& options, const Server& server) {
  Refusal refusal = given;
  if (refusal.words.ends_with('.')) refusal.words.remove_suffix(1);  // more is said behind it
  const AmqpSecurity& security = options.security;
  const std::string here = fmt::format("RabbitMQ at {}:{}", server.host, server.port);
  if (refusal.code == AMQP_ACCESS_REFUSED && security.sasl == Sasl::external) {
    return invalid(fmt::format(
        "{} has no user for the certificate of `tls_cert={}`: {}; an administrator makes one of the name that the "
        "server takes from it (`ssl_cert_login_from`) by `rabbitmqctl add_user`",
        here, security.trust.cert, refusal.words));
  }
  if (refusal.code == AMQP_ACCESS_REFUSED) {
    return invalid(fmt::format("{} refuses user '{}': {}; check the user before '@', and {}", here, security.user,
                               refusal.words, place_of_password(security)));
  }
  if (refusal.code != AMQP_NOT_ALLOWED) {
    return error_of(refusal, fmt::format("log in to {}, virtual host '{}'", here, options.vhost));
  }
  if (has(refusal.words, "not found")) {
    return invalid(fmt::format(
        "{0} has no virtual host '{1}': write another one behind the host, or `rabbitmqctl add_vhost {1}` makes it",
        here, options.vhost));
  }
  if (has(refusal.words, "refused for user")) {
    return invalid(
        fmt::format("user '{0}' may not enter virtual host '{1}' of {2}: an administrator lets it in by `rabbitmqctl "
                    "set_permissions -p {1} {0} CONFIGURE WRITE READ` ({3})",
                    between(refusal.words, "for user '", "'"), options.vhost, here, kDocument));
  }
  return invalid(fmt::format("{} does not let us into virtual host '{}': {}", here, options.vhost, refusal.words));
}

// `inequivalent arg 'x-expires' for queue 'q' in vhost '/': received none but current is the value '9' of type 'long'`
std::optional<Difference> difference_of(std::string_view words) {
  constexpr std::string_view kReceived = ": received ", kCurrent = " but current is ";
  const std::string_view argument = between(words, "inequivalent arg '", "' for ");
  const auto current = words.rfind(kCurrent);
  const auto received = words.substr(0, current).rfind(kReceived);
  if (argument.empty() || current == words.npos || received == words.npos) return std::nullopt;
  const std::string_view theirs = words.substr(current + kCurrent.size());
  const std::string_view ours = words.substr(received + kReceived.size(), current - received - kReceived.size());
  return Difference{.argument = std::string{argument},
                    .theirs = std::string{value_in(theirs)},
                    .kind = std::string{between(theirs, "of type '", "'")},
                    .ours = std::string{value_in(ours)}};
}

std::string text_of(const Difference& difference) {
  const auto value = [](const std::string& text) { return text.empty() ? "not set" : fmt::format("'{}'", text); };
  const bool is_default_kind = difference.argument == "x-queue-type" && difference.theirs.empty();
  return fmt::format("{} is {}{}, and {} is wanted", difference.argument, value(difference.theirs),
                     is_default_kind ? " (classic)" : "", difference.ours.empty() ? "none" : value(difference.ours));
}

}  // namespace tidings::rabbitmq
