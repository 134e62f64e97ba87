#include "transport/kafka/client/kafka_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "text/option_reader.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

using text::OptionReader;
using transport::Url;
using transport::UrlOption;

namespace {

constexpr std::string_view kPort = ":9092";
constexpr std::string_view kProperty = "rdkafka.";

constexpr std::array<UrlOption, 13> kOptions{{
    {"prefix", "of all topics and groups of the deployment; default none"},
    {"create_topics", "yes: topics that services declare are created at their start; default no"},
    {"partitions", "of a topic that is created, 1 to 1000; default 12"},
    {"replication", "of a topic that is created, 1 to 100; default the cluster's"},
    {"linger", "how long a record waits for others to be sent with; default 5ms"},
    {"compression", "none, gzip, snappy, lz4 or zstd; default snappy"},
    {"session_timeout", "after which a process that is silent counts as dead; default 10s"},
    {"revoke_within", "how long a process may finish what it has of a partition that goes elsewhere; default 5s"},
    {"commit_every", "at most that long is what is settled not committed; default 100ms"},
    {"when_expired",
     "where a group goes on when retention removed what it was at: beginning or end; default beginning"},
    {"transactional", "yes: what a handler publishes and its settlement are one transaction; default no"},
    {"suspect_window", "how many events of a partition a crash makes suspect at most, 16 to 10000; default 8192"},
    {"rdkafka.NAME", "a property of librdkafka, but for those that Tidings sets itself"},
}};

// What a promise rests on, and why it cannot be set.
struct Reserved {
  std::string_view name;
  std::string_view reason;
};
constexpr std::array kReserved{
    Reserved{"acks", "a confirmed event is on all replicas in sync"},
    Reserved{"request.required.acks", "a confirmed event is on all replicas in sync"},
    Reserved{"enable.idempotence", "the events of a key stay in order, and none is doubled"},
    Reserved{"enable.gapless.guarantee", "the events of a key stay in order"},
    Reserved{"max.in.flight.requests.per.connection", "the events of a key stay in order"},
    Reserved{"max.in.flight", "the events of a key stay in order"},
    Reserved{"retries", "deliver_within says how long is tried"},
    Reserved{"message.send.max.retries", "deliver_within says how long is tried"},
    Reserved{"message.timeout.ms", "PublisherOptions::deliver_within says it"},
    Reserved{"delivery.timeout.ms", "PublisherOptions::deliver_within says it"},
    Reserved{"delivery.report.only.error", "an event is confirmed by its report"},
    Reserved{"enabled_events", "an event is confirmed by its report"},
    Reserved{"queuing.strategy", "the events of a key stay in order"},
    Reserved{"partitioner", "a key has the partition that Java clients give it"},
    Reserved{"enable.auto.commit", "an event is settled when its outcome is durable"},
    Reserved{"enable.auto.offset.store", "an event is settled when its outcome is durable"},
    Reserved{"auto.offset.reset", "the subscription's start says it"},
    Reserved{"partition.assignment.strategy", "members hand partitions over one by one"},
    Reserved{"group.id", "the subscription's group says it"},
    Reserved{"group.instance.id", "the service's instance name says it"},
    Reserved{"transactional.id", "the subscription's group says it"},
    Reserved{"isolation.level", "what was not committed is no event"},
    Reserved{"bootstrap.servers", "the URL's hosts say it"},
    Reserved{"metadata.broker.list", "the URL's hosts say it"},
    Reserved{"linger.ms", "`linger` says it"},
    Reserved{"queue.buffering.max.ms", "`linger` says it"},
    Reserved{"compression.codec", "`compression` says it"},
    Reserved{"compression.type", "`compression` says it"},
    Reserved{"session.timeout.ms", "`session_timeout` says it"},
};
constexpr std::array<std::string_view, 5> kCompressions{"none", "gzip", "snappy", "lz4", "zstd"};

// Each host with its port.
std::string brokers_of(std::string_view authority) {
  std::string brokers;
  while (!authority.empty()) {
    const std::string_view host = authority.substr(0, authority.find(','));
    authority.remove_prefix(std::min(host.size() + 1, authority.size()));
    if (host.empty()) continue;
    brokers += (brokers.empty() ? "" : ",") + std::string{host};
    const bool has_port = host.rfind(':') != std::string_view::npos && host.back() != ']';
    if (!has_port) brokers += kPort;
  }
  return brokers;
}

void read_words(OptionReader& reader, KafkaOptions& options) {
  bool create = false;
  reader.choice("create_topics", "yes", "no", create);
  options.create_topics = create ? CreateTopics::yes : CreateTopics::no;
  reader.choice("transactional", "yes", "no", options.transactional);
  bool at_end = false;
  reader.choice("when_expired", "end", "beginning", at_end);
  options.when_expired = at_end ? WhenExpired::end : WhenExpired::beginning;
  if (const auto* text = reader.find("compression")) {
    options.compression = *text;
    if (std::find(kCompressions.begin(), kCompressions.end(), *text) == kCompressions.end()) {
      reader.wrong("compression", *text, "none, gzip, snappy, lz4 or zstd");
    }
  }
  reader.prefix(options.prefix);
}

// Takes librdkafka's own out of the URL's options.
void take_properties(Url& url, OptionReader& reader, KafkaOptions& options) {
  std::erase_if(url.options, [&](const auto& option) {
    if (!option.first.starts_with(kProperty)) return false;
    const std::string name = option.first.substr(kProperty.size());
    const auto reserved = std::find_if(kReserved.begin(), kReserved.end(), [&](auto& r) { return r.name == name; });
    const std::string_view why = reserved != kReserved.end() ? reserved->reason : why_reserved(name);
    if (!why.empty()) reader.say(fmt::format("'{}' cannot be set: {}", option.first, why));
    options.rdkafka.emplace(name, option.second);
    return true;
  });
}

std::vector<UrlOption> all_options() {
  std::vector<UrlOption> all{kOptions.begin(), kOptions.end() - 1};
  const auto security = security_url_options();
  all.insert(all.end(), security.begin(), security.end());
  all.push_back(kOptions.back());
  return all;
}

// Takes secrets, which do not belong there, out of the URL's options, so that who wrote one is told what to do instead.
void take_security(Url& url, OptionReader& reader, KafkaOptions& options) {
  std::vector<std::string> faults;
  options.security = take_security_of(url, faults);
  for (const std::string& fault : faults) reader.say(fault);
}

Error faults_in_url(const OptionReader& reader) {
  return invalid(fmt::format("in the `kafka:` URL: {}", reader.faults()));
}

}  // namespace

Result<KafkaOptions> options_from(const Url& given) {
  using std::chrono::milliseconds;
  using std::chrono::minutes;
  Url url = given;
  KafkaOptions options{.brokers = brokers_of(url.authority)};
  OptionReader reader{url};
  take_properties(url, reader, options);
  take_security(url, reader, options);
  if (auto known = transport::check_options(url, all_options()); !known) return known.error();
  if (options.brokers.empty() || !url.path.empty()) {
    return invalid("a `kafka:` URL names brokers: write `kafka://HOST:9092` or `kafka://HOST:9092,HOST:9092`");
  }
  read_words(reader, options);
  reader.number<std::int32_t>("partitions", 1, kPartitionsMax, options.partitions);
  reader.number<std::int32_t>("replication", 1, kReplicationMax, options.replication);
  reader.number<std::uint32_t>("suspect_window", 16, 10'000, options.suspect_window);
  reader.duration("linger", milliseconds{0}, milliseconds{10'000}, options.linger);
  reader.duration("session_timeout", milliseconds{1'000}, minutes{30}, options.session_timeout);
  reader.duration("revoke_within", milliseconds{10}, minutes{10}, options.revoke_within);
  reader.duration("commit_every", milliseconds{1}, minutes{1}, options.commit_every);
  if (!reader.faults().empty()) return faults_in_url(reader);
  return options;
}

std::string describe_kafka() {
  std::string text = "kafka://HOST[:PORT][,HOST...][?option=value&...]  Apache Kafka";
  for (const UrlOption& option : all_options()) text += fmt::format("\n    {}: {}", option.name, option.meaning);
  return text;
}

}  // namespace tidings::kafka
