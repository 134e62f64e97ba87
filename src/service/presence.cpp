#include "service/presence.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "tidings/json.hpp"
#include "tidings/time_text.hpp"

namespace tidings::service {

namespace {

// So many missed heartbeats, and the instance counts as gone.
constexpr int kMissedMax = 3;
constexpr std::size_t kHostNameMax = 256;

std::string host_name() {
  std::array<char, kHostNameMax> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string in_quotes(std::string_view text) {
  std::string json;
  if (auto done = append_json_string(json, text); !done) return "\"\"";  // not UTF-8: no name that one could show
  return json;
}

std::string subscriptions_of(const std::vector<SubscriptionPlan>& plans) {
  std::string json;
  for (const SubscriptionPlan& plan : plans) {
    json += fmt::format("{}{{\"group\":{},\"{}\":{}}}", json.empty() ? "" : ",", in_quotes(plan.spec.group),
                        plan.spec.topic.empty() ? "pattern" : "topic", in_quotes(plan.name()));
  }
  return json;
}

std::string published_of(const std::vector<const EventType*>& published) {
  std::string json;
  for (const EventType* type : published) {
    json += fmt::format("{}{{\"type\":{},\"topic\":{}}}", json.empty() ? "" : ",", in_quotes(type->info.type),
                        in_quotes(type->info.stream()));
  }
  return json;
}

}  // namespace

std::string presence_value(const BusOptions& options, const std::vector<SubscriptionPlan>& plans,
                           const std::vector<const EventType*>& published, Time started) {
  return fmt::format(
      "{{\"service\":{},\"instance\":{},\"host\":{},\"pid\":{},\"build\":{},\"admin\":{},\"started\":{},"
      "\"subscriptions\":[{}],\"published\":[{}]}}",
      in_quotes(options.name), in_quotes(options.instance), in_quotes(host_name()), getpid(), in_quotes(options.build),
      in_quotes(options.admin), in_quotes(to_text(started)), subscriptions_of(plans), published_of(published));
}

// What the thread needs: it holds it, so that it may be left alone.
class Presence::Teller final : public std::enable_shared_from_this<Teller> {
 public:
  Teller(std::shared_ptr<Engine> engine, std::string value)
      : engine_{std::move(engine)},
        key_{"instances/" + engine_->options.instance},
        value_{std::move(value)},
        changed_{engine_->executor->condition()} {}

  void start() {
    thread_ = engine_->executor->spawn("presence", [self = shared_from_this()] { self->run(); });
  }

  bool stop(const Countdown& left) {
    {
      std::unique_lock lock{mutex_};
      stopping_ = true;
      changed_->notify_all();
      if (!wait_until(*changed_, lock, left, [this] { return ended_; })) return false;
    }
    thread_.reset();
    return true;
  }

 private:
  void run() {
    const Duration period = engine_->options.discovery;
    std::unique_lock lock{mutex_};
    while (!stopping_) {
      lock.unlock();
      write();
      lock.lock();
      const Time next = engine_->executor->now() + period;
      changed_->wait_until(lock, next, *engine_->executor, [this] { return stopping_; });
    }
    lock.unlock();
    static_cast<void>(engine_->transport->control().put(key_, std::nullopt, {}));  // it would expire anyway
    lock.lock();
    ended_ = true;
    changed_->notify_all();
  }

  void write() {
    const Time expires = engine_->executor->now() + kMissedMax * engine_->options.discovery;
    auto put = engine_->transport->control().put(key_, value_, {.expires = expires});
    if (put || !engine_->options.on_trouble) return;
    engine_->options.on_trouble({.subscription = key_, .doing = "announce itself", .error = put.error()});
  }

  const std::shared_ptr<Engine> engine_;
  const std::string key_;
  const std::string value_;
  std::mutex mutex_;
  std::unique_ptr<Condition> changed_;
  bool stopping_ = false;
  bool ended_ = false;
  std::unique_ptr<Thread> thread_;
};

Presence::Presence(std::shared_ptr<Engine> engine, std::string value)
    : executor_{engine->executor}, teller_{std::make_shared<Teller>(std::move(engine), std::move(value))} {
  teller_->start();
}

Presence::~Presence() {
  if (!told_) stop({*executor_, executor_->now() + transport::kCloseWithin});
}

bool Presence::stop(const Countdown& left) {
  told_ = true;
  return teller_->stop(left);
}

}  // namespace tidings::service
