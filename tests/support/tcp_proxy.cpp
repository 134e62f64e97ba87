#include "tests/support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <vector>

#include "tests/support/fd.hpp"
#include "tidings/executor.hpp"

namespace tidings::testing {
namespace {

constexpr int kTickMilliseconds = 10;  // while a link is slow
constexpr int kBurstsPerSecond = 10;   // so much of a second's bytes may come at once
constexpr int kBacklog = 128;

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Fd listening_socket() {
  Fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const sockaddr_in address = loopback(0);
  if (listener.get() < 0 || ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), kBacklog) != 0) {
    fail("listen on loopback");
  }
  return listener;
}

std::uint16_t port_of(const Fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
  return ntohs(address.sin_port);
}

// The peer hears of it as of a fault, not as of a farewell.
void reset(Fd& socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket.close();
}

// How fast a direction may be.
struct Pace {
  bool held = false;
  std::size_t per_second = 0;  // 0: as fast as it goes

  bool limited() const { return per_second > 0; }
  double burst() const { return std::max(1.0, static_cast<double>(per_second) / kBurstsPerSecond); }
};

// One direction of a connection.
class Direction final {
 public:
  Direction(int from, int to) : from_{from}, to_{to} {}

  // What poll() is to watch.
  bool reads(const Pace& pace) const { return !pace.held && size_ == 0 && !ended_ && may_pass(pace); }
  bool writes(const Pace& pace) const { return !pace.held && size_ > 0; }

  void refill(const Pace& pace, Duration passed) {
    const double seconds = std::chrono::duration<double>{passed}.count();
    allowance_ = std::min(allowance_ + seconds * static_cast<double>(pace.per_second), pace.burst());
  }

  void read(const Pace& pace) {
    std::size_t most = buffer_.size();
    if (pace.limited()) most = std::min(most, static_cast<std::size_t>(allowance_));
    const auto count = ::recv(from_, buffer_.data(), most, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      ended_ = true;
      return;
    }
    begin_ = 0;
    size_ = static_cast<std::size_t>(count);
    if (pace.limited()) allowance_ -= static_cast<double>(count);
  }

  // So many bytes.
  std::size_t write() {
    const auto count = ::send(to_, buffer_.data() + begin_, size_, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN && errno != EINTR) ended_ = true, size_ = 0;
      return 0;
    }
    begin_ += static_cast<std::size_t>(count);
    size_ -= static_cast<std::size_t>(count);
    return static_cast<std::size_t>(count);
  }

  bool over() const { return ended_ && size_ == 0; }

 private:
  bool may_pass(const Pace& pace) const { return !pace.limited() || allowance_ >= 1; }

  int from_, to_;
  std::array<char, TcpProxy::kBufferMax> buffer_;
  std::size_t begin_ = 0, size_ = 0;
  double allowance_ = 0;
  bool ended_ = false;
};

struct Connection {
  Fd client, server;
  Direction there{client.get(), server.get()};
  Direction back{server.get(), client.get()};

  void reset_both() {
    reset(client);
    reset(server);
  }
};

short events_of(bool reads, bool writes) {
  return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

}  // namespace

class TcpProxy::State final {
 public:
  State() {
    if (wake_.get() < 0) fail("eventfd");
    thread_ = executor_->spawn("tcp-proxy", [this] { run(); });
  }
  ~State() {
    stopping_ = true;
    wake();
    thread_.reset();
  }

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return count_; }
  std::uint64_t passed() const { return passed_; }

  // What is to be otherwise from now on. Returns when it is.
  struct Wish {
    std::optional<std::uint16_t> target = {};
    std::optional<bool> refuses = {};
    std::optional<Pace> pace = {};
    bool breaks = false;
  };
  void ask(const Wish& wish) {
    std::unique_lock lock{mutex_};
    wishes_.push_back(wish);
    const std::uint64_t number = ++asked_;
    wake();
    done_->wait_until(lock, kNever, *executor_, [&] { return fulfilled_ >= number; });
  }

 private:
  void wake() const {
    constexpr std::uint64_t kOne = 1;
    [[maybe_unused]] const auto ignored = ::write(wake_.get(), &kOne, sizeof kOne);
  }

  void run() {
    Time last = executor_->now();
    while (!stopping_) {
      fulfil();
      const Time now = executor_->now();
      for (Connection& connection : connections_) {
        connection.there.refill(pace_, now - last);
        connection.back.refill(pace_, now - last);
      }
      last = now;
      pass(watch());
      std::erase_if(connections_,
                    [](const Connection& connection) { return connection.there.over() || connection.back.over(); });
      count_ = connections_.size();
    }
  }

  void fulfil() {
    const std::lock_guard lock{mutex_};
    for (const Wish& wish : wishes_) {
      if (wish.target) target_ = *wish.target;
      if (wish.refuses) refuses_ = *wish.refuses;
      if (wish.pace) pace_ = *wish.pace;
      if (wish.breaks) break_all();
    }
    wishes_.clear();
    fulfilled_ = asked_;
    done_->notify_all();
  }

  void break_all() {
    for (Connection& connection : connections_) connection.reset_both();
    connections_.clear();
    count_ = 0;
  }

  // Of the wakening, the listener, and then each connection's client and server.
  std::vector<pollfd> watch() const {
    std::vector<pollfd> watched{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const Connection& connection : connections_) {
      const short client = events_of(connection.there.reads(pace_), connection.back.writes(pace_));
      const short server = events_of(connection.back.reads(pace_), connection.there.writes(pace_));
      // What nothing is asked of is left out: poll would tell its end again and again.
      watched.push_back({client != 0 ? connection.client.get() : -1, client, 0});
      watched.push_back({server != 0 ? connection.server.get() : -1, server, 0});
    }
    ::poll(watched.data(), watched.size(), pace_.limited() ? kTickMilliseconds : -1);
    return watched;
  }

  void pass(const std::vector<pollfd>& watched) {
    if (watched[0].revents != 0) {
      std::uint64_t ignored = 0;
      [[maybe_unused]] const auto size = ::read(wake_.get(), &ignored, sizeof ignored);
    }
    auto next = watched.begin() + 2;
    for (Connection& connection : connections_) {
      const pollfd& client = *next++;
      const pollfd& server = *next++;
      move(connection.there, client, server);
      move(connection.back, server, client);
    }
    if (watched[1].revents != 0) accept();
  }

  void move(Direction& direction, const pollfd& from, const pollfd& to) {
    if (from.revents != 0 && direction.reads(pace_)) direction.read(pace_);
    if (to.revents != 0 && direction.writes(pace_)) passed_ += direction.write();
  }

  void accept() {
    Fd client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (client.get() < 0) return;
    if (refuses_ || target_ == 0) return reset(client);
    Fd server{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const sockaddr_in address = loopback(target_);
    if (server.get() < 0 ||
        (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno != EINPROGRESS)) {
      return reset(client);
    }
    connections_.push_back({.client = std::move(client), .server = std::move(server)});
  }

  const std::shared_ptr<Executor> executor_ = thread_executor();
  const Fd listener_ = listening_socket();
  const std::uint16_t port_ = port_of(listener_);
  const Fd wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> count_ = 0;
  std::atomic<std::uint64_t> passed_ = 0;
  std::mutex mutex_;
  const std::unique_ptr<Condition> done_ = executor_->condition();
  std::vector<Wish> wishes_;
  std::uint64_t asked_ = 0;
  std::uint64_t fulfilled_ = 0;
  // The thread's own.
  std::list<Connection> connections_;
  std::uint16_t target_ = 0;
  bool refuses_ = false;
  Pace pace_;
  std::unique_ptr<Thread> thread_;  // last: joined before the rest goes
};

TcpProxy::TcpProxy() : state_{std::make_unique<State>()} {}
TcpProxy::~TcpProxy() = default;

std::uint16_t TcpProxy::port() const {
  return state_->port();
}
void TcpProxy::forward_to(std::uint16_t port) {
  state_->ask({.target = port});
}
void TcpProxy::mend() {
  state_->ask({.refuses = false, .pace = Pace{}});
}
void TcpProxy::cut() {
  state_->ask({.breaks = true});
}
void TcpProxy::refuse() {
  state_->ask({.refuses = true, .breaks = true});
}
void TcpProxy::hold() {
  state_->ask({.pace = Pace{.held = true}});
}
void TcpProxy::slow_down(std::size_t bytes_per_second) {
  state_->ask({.pace = Pace{.per_second = bytes_per_second}});
}
std::size_t TcpProxy::connections() const {
  return state_->connections();
}
std::uint64_t TcpProxy::passed() const {
  return state_->passed();
}

}  // namespace tidings::testing
