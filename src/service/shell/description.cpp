#include "service/shell/description.hpp"

#include <fmt/format.h>

#include "text/duration_text.hpp"
#include "tidings/json.hpp"

namespace tidings::service {
namespace {

// The names of types as people read them, and all structs that they speak of.
class Types final {
 public:
  std::vector<FieldDescription> fields_of(const Type& type) {
    std::vector<FieldDescription> fields;
    if (type.kind != Kind::object) return fields;
    const auto flag = [](bool set) { return set ? std::optional{true} : std::nullopt; };
    const auto text = [](std::string_view set) { return set.empty() ? std::nullopt : std::optional{std::string{set}}; };
    for (const Member& member : type.object().members) {
      fields.push_back({.name = member.name(Profile::kafka),
                        .type = name_of(*member.type),
                        .required = flag(member.info.required),
                        .masked = flag(member.info.masked),
                        .format = text(member.info.format),
                        .doc = text(member.info.doc)});
    }
    return fields;
  }

  std::map<std::string, std::vector<FieldDescription>> structs() && { return std::move(structs_); }

 private:
  std::string name_of(const Type& type) {
    switch (type.kind) {
      case Kind::optional:
        return fmt::format("optional<{}>", name_of(*type.element));
      case Kind::list:
        return fmt::format("list<{}>", name_of(*type.element));
      case Kind::array:
        return fmt::format("array<{},{}>", name_of(*type.element), type.count);
      case Kind::map:
        return fmt::format("map<{}>", name_of(*type.element));
      case Kind::variant:
        return variant_name(type);
      case Kind::object:
        return object_name(type);
      case Kind::enumeration:
        return enumeration_name(type);
      default:
        return scalar_name(type);
    }
  }

  static std::string scalar_name(const Type& type) {
    switch (type.kind) {
      case Kind::boolean:
        return "bool";
      case Kind::integer:
        return fmt::format("{}int{}", type.is_signed ? "" : "u", type.width * 8);
      case Kind::floating:
        return type.width == 4 ? "float" : "double";
      case Kind::string:
        return "string";
      case Kind::time:
        return type.is_date ? "date" : "time";
      case Kind::duration:
        return "duration";
      case Kind::money:
        return "money";
      case Kind::raw_json:
        return "json";
      case Kind::bytes:
        return "bytes";
      default:
        return "null";
    }
  }

  std::string variant_name(const Type& type) {
    std::string names;
    for (const Type* alternative : type.variant.alternatives)
      names += (names.empty() ? "" : ",") + name_of(*alternative);
    return fmt::format("variant<{}>", names);
  }

  static std::string enumeration_name(const Type& type) {
    std::string names;
    for (const EnumValue& value : type.enumeration.values)
      names += (names.empty() ? "" : "|") + std::string{value.name};
    return names;
  }

  std::string object_name(const Type& type) {
    const std::string name{type.name};
    if (structs_.try_emplace(name).second) structs_[name] = fields_of(type);  // a struct may speak of itself
    return name;
  }

  std::map<std::string, std::vector<FieldDescription>> structs_;
};

std::optional<std::string> unless_empty(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional{std::string{text}};
}

std::string text_of(Unwanted unwanted) {
  return unwanted == Unwanted::skip ? "skip" : "dead_letter";
}

std::string text_of(transport::StartAt at) {
  return at == transport::StartAt::beginning ? "beginning" : at == transport::StartAt::end ? "end" : "time";
}

RetryDescription describe_retry(const RetryPolicy& policy) {
  RetryDescription retry{.attempts_max = policy.attempts_max,
                         .delay_first = text::duration_text(policy.delay_first),
                         .factor = policy.factor,
                         .delay_max = text::duration_text(policy.delay_max),
                         .jitter = policy.jitter};
  for (const ErrorKind kind : policy.give_up_on) retry.give_up_on.emplace_back(to_string(kind));
  return retry;
}

HandlerDescription describe_handler(const HandlerPlan& plan, Types& types) {
  HandlerDescription handler{.retry = describe_retry(plan.retry),
                             .timeout = text::duration_text(plan.timeout),
                             .on_timeout = plan.on_timeout == OnTimeout::fail ? "fail" : "report"};
  if (plan.type != nullptr) {
    handler.type = std::string{plan.type->info.type};
    handler.version = plan.type->info.version;
    handler.fields = types.fields_of(plan.type->data);
  }
  if (plan.batch) handler.batch = BatchDescription{plan.batch->size, text::duration_text(plan.batch->wait)};
  return handler;
}

SubscriptionDescription describe_subscription(const SubscriptionPlan& plan, Types& types) {
  SubscriptionDescription subscription{
      .group = plan.spec.group,
      .topic = unless_empty(plan.spec.topic),
      .pattern = unless_empty(plan.spec.pattern),
      .extra_topics = plan.spec.extra_topics.empty() ? std::nullopt : std::optional{plan.spec.extra_topics},
      .command = plan.spec.command,
      .queue = unless_empty(plan.spec.queue),
      .sharing = plan.spec.sharing == transport::Sharing::broadcast ? "broadcast" : "shared",
      .order = plan.rules.order == RetryOrder::strict ? "strict" : "relaxed",
      .concurrency = plan.concurrency,
      .in_flight_max = plan.spec.in_flight_max,
      .crash_attempts_max = plan.rules.crash_attempts_max,
      .unhandled = text_of(plan.rules.unhandled),
      .require_id = text_of(plan.rules.require_id),
      .start = text_of(plan.spec.start.at),
      .inbox = plan.inbox != nullptr};
  for (const HandlerPlan& handler : plan.handlers) subscription.handlers.push_back(describe_handler(handler, types));
  return subscription;
}

}  // namespace

Description describe_service(const std::string& service, const std::vector<SubscriptionPlan>& plans,
                             const std::vector<const EventType*>& published) {
  Types types;
  Description description{.service = service, .tidings = TIDINGS_VERSION};
  for (const SubscriptionPlan& plan : plans) description.subscriptions.push_back(describe_subscription(plan, types));
  for (const EventType* type : published) {
    description.publications.push_back({.type = std::string{type->info.type},
                                        .version = type->info.version,
                                        .topic = unless_empty(type->info.topic),
                                        .destination = unless_empty(type->info.destination),
                                        .fields = types.fields_of(type->data)});
  }
  description.structs = std::move(types).structs();
  return description;
}

Result<std::string> to_text(const Description& description) {
  const auto json = to_json(description);
  if (!json) return json.error();
  return indented_json(*json) + "\n";
}

std::string indented_json(std::string_view compact) {
  std::string out;
  std::size_t depth = 0;
  bool in_string = false;
  const auto line = [&] { out.append("\n").append(2 * depth, ' '); };
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < compact.size()) out += compact[++i];
      in_string = c != '"';
    } else if (c == '{' || c == '[') {
      out += c;
      const bool empty = i + 1 < compact.size() && (compact[i + 1] == '}' || compact[i + 1] == ']');
      if (empty) {
        out += compact[++i];
      } else {
        ++depth;
        line();
      }
    } else if (c == '}' || c == ']') {
      --depth;
      line();
      out += c;
    } else if (c == ',') {
      out += c;
      line();
    } else {
      out += c;
      if (c == ':') out += ' ';
      in_string = c == '"';
    }
  }
  return out;
}

}  // namespace tidings::service
