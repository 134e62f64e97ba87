#include "service/shell/admin_endpoint.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <deque>
#include <vector>

namespace tidings::service {
namespace {

constexpr std::size_t kRequestBytesMax = 64u << 10;
constexpr std::chrono::milliseconds kStartPause{1};

// httplib's own pool queues without a bound. Here the accepting thread waits for room, and further connections with it.
class BoundedQueue final : public httplib::TaskQueue {
 public:
  explicit BoundedQueue(const std::shared_ptr<Executor>& executor)
      : executor_{executor}, changed_{executor->condition()} {
    for (std::size_t i = 0; i < kAdminThreads; ++i) threads_.push_back(executor_->spawn("admin", [this] { work(); }));
  }

  void enqueue(std::function<void()> task) override {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, kNever, *executor_, [&] { return tasks_.size() < kAdminWaiting || ending_; });
    tasks_.push_back(std::move(task));
    changed_->notify_all();
  }

  // A task closes its connection: none is dropped.
  void shutdown() override {
    {
      const std::lock_guard lock{mutex_};
      ending_ = true;
      changed_->notify_all();
    }
    threads_.clear();
  }

 private:
  void work() {
    while (true) {
      std::function<void()> task;
      {
        std::unique_lock lock{mutex_};
        changed_->wait_until(lock, kNever, *executor_, [&] { return !tasks_.empty() || ending_; });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
        changed_->notify_all();
      }
      task();
    }
  }

  const std::shared_ptr<Executor> executor_;
  const std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::unique_ptr<Thread>> threads_;
};

// httplib's default would let two processes listen on one port.
void exclusive_port(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

// Its listening thread holds it, too: a slow client may keep that one longer than we wait.
class AdminEndpoint::State final : public std::enable_shared_from_this<State> {
 public:
  State(const std::shared_ptr<Executor>& executor, AdminPages pages)
      : executor_{executor}, changed_{executor->condition()} {
    server_.new_task_queue = [executor] { return new BoundedQueue{executor}; };  // httplib deletes it
    server_.set_socket_options(exclusive_port);
    server_.set_keep_alive_max_count(1);
    server_.set_read_timeout(kAdminPatience);
    server_.set_write_timeout(kAdminPatience);
    server_.set_payload_max_length(kRequestBytesMax);
    for (auto& [path, page] : pages) {
      server_.Get(path, [this, page = std::move(page)](const httplib::Request&, httplib::Response& response) {
        const AdminResponse answer = visit(page);
        response.status = answer.status;
        response.set_content(answer.body, answer.content_type);
      });
    }
  }

  Result<void> listen(const AdminAddress& address) {
    port_ = address.port == 0                                  ? server_.bind_to_any_port(address.host)
            : server_.bind_to_port(address.host, address.port) ? address.port
                                                               : -1;
    if (port_ < 0) {
      return unavailable(
          fmt::format("the admin endpoint cannot listen on {}:{}; the port is taken or the address is not "
                      "this machine's; choose another with --admin",
                      address.host, address.port));
    }
    thread_ = executor_->spawn("admin", [self = shared_from_this()] {
      self->server_.listen_after_bind();
      const std::lock_guard lock{self->mutex_};
      self->ended_ = true;
      self->changed_->notify_all();
    });
    // stop() before it runs would be lost.
    while (!server_.is_running() && !ended()) executor_->sleep_until(executor_->now() + kStartPause);
    return {};
  }

  void close() {
    server_.stop();
    std::unique_lock lock{mutex_};
    closing_ = true;
    changed_->wait_until(lock, executor_->now() + kAdminCloseWithin, *executor_, [&] { return ended_; });
    // Pages look at what goes away after us. They are short; a client that reads slowly is not in one.
    changed_->wait_until(lock, kNever, *executor_, [&] { return visitors_ == 0; });
    const bool ended = ended_;
    lock.unlock();
    if (ended) thread_.reset();
  }

  int port() const { return port_; }

 private:
  AdminResponse visit(const std::function<AdminResponse()>& page) {
    {
      const std::lock_guard lock{mutex_};
      if (closing_) return {.status = 503, .content_type = "text/plain", .body = "closing\n"};
      ++visitors_;
    }
    AdminResponse answer = page();
    const std::lock_guard lock{mutex_};
    --visitors_;
    changed_->notify_all();
    return answer;
  }

  bool ended() const {
    const std::lock_guard lock{mutex_};
    return ended_;
  }

  const std::shared_ptr<Executor> executor_;
  httplib::Server server_;
  int port_ = -1;
  mutable std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  bool closing_ = false;
  bool ended_ = false;
  std::size_t visitors_ = 0;
  std::unique_ptr<Thread> thread_;
};

Result<std::unique_ptr<AdminEndpoint>> AdminEndpoint::open(const std::shared_ptr<Executor>& executor,
                                                           const AdminAddress& address, AdminPages pages) {
  auto state = std::make_shared<State>(executor, std::move(pages));
  if (auto listening = state->listen(address); !listening) return listening.error();
  return std::unique_ptr<AdminEndpoint>{new AdminEndpoint{std::move(state)}};
}

AdminEndpoint::AdminEndpoint(std::shared_ptr<State> state) : state_{std::move(state)} {}
AdminEndpoint::~AdminEndpoint() {
  state_->close();
}
int AdminEndpoint::port() const {
  return state_->port();
}

}  // namespace tidings::service
