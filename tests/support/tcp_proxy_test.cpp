#include "tests/support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "tests/support/eventually.hpp"
#include "tests/support/fd.hpp"

namespace tidings::testing {
namespace {

using std::chrono::milliseconds;

timeval time_of(milliseconds time) {
  return {.tv_sec = time.count() / 1'000, .tv_usec = time.count() % 1'000 * 1'000};
}

// A server that says again what it hears.
class Echo final {
 public:
  Echo() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_.get(), 1);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = executor_->spawn("echo", [this] { run(); });
  }
  ~Echo() {
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
  }
  std::uint16_t port() const { return port_; }

 private:
  void run() const {
    while (!stopping_) {
      const Fd peer{::accept(listener_.get(), nullptr, nullptr)};
      std::array<char, 4096> buffer{};
      for (ssize_t count = 0; (count = ::recv(peer.get(), buffer.data(), buffer.size(), 0)) > 0;) {
        ::send(peer.get(), buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
      }
    }
  }

  const std::shared_ptr<Executor> executor_ = thread_executor();
  const Fd listener_{::socket(AF_INET, SOCK_STREAM, 0)};
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

class Client final {
 public:
  explicit Client(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    wait_at_most(std::chrono::seconds{20});
  }
  void wait_at_most(milliseconds time) const {
    const timeval limit = time_of(time);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  void say(std::string_view text) const { ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL); }
  // As many bytes as were asked for, or fewer: it ended, or time is up.
  std::string hear(std::size_t count) const {
    std::string heard;
    char byte = 0;
    while (heard.size() < count && ::recv(socket_.get(), &byte, 1, 0) == 1) heard += byte;
    return heard;
  }
  std::string ask(const std::string& text) const {
    say(text);
    return hear(text.size());
  }

 private:
  const Fd socket_{::socket(AF_INET, SOCK_STREAM, 0)};
};

class TcpProxyTest : public ::testing::Test {
 protected:
  TcpProxyTest() { proxy_.forward_to(echo_.port()); }

  Echo echo_;
  TcpProxy proxy_;
};

TEST_F(TcpProxyTest, PassesAllOnBothWays) {
  const Client client{proxy_.port()};
  EXPECT_EQ(client.ask("hello"), "hello");
  EXPECT_EQ(client.ask("again"), "again");
  EXPECT_EQ(proxy_.connections(), 1u);
  EXPECT_TRUE(eventually([&] { return proxy_.passed() == 20; })) << "it counts when it has sent";
}

TEST_F(TcpProxyTest, EndsWithWhoEnds) {
  { EXPECT_EQ(Client{proxy_.port()}.ask("hello"), "hello"); }
  EXPECT_TRUE(eventually([&] { return proxy_.connections() == 0; }));
}

TEST_F(TcpProxyTest, CutsWhatIsThereAndTakesWhatComes) {
  const Client first{proxy_.port()};
  EXPECT_EQ(first.ask("hello"), "hello");
  proxy_.cut();
  EXPECT_EQ(first.ask("hello"), "");
  EXPECT_EQ(Client{proxy_.port()}.ask("hello"), "hello");
}

TEST_F(TcpProxyTest, RefusesUntilItIsMended) {
  const Client first{proxy_.port()};
  EXPECT_EQ(first.ask("hello"), "hello");
  proxy_.refuse();
  EXPECT_EQ(first.ask("hello"), "");
  EXPECT_EQ(Client{proxy_.port()}.ask("hello"), "");
  proxy_.mend();
  EXPECT_EQ(Client{proxy_.port()}.ask("hello"), "hello");
}

TEST_F(TcpProxyTest, HoldsEverythingAndLosesNothing) {
  const Client first{proxy_.port()};
  EXPECT_EQ(first.ask("hello"), "hello");
  proxy_.hold();
  const Client second{proxy_.port()};
  first.wait_at_most(milliseconds{50});
  EXPECT_EQ(first.ask("one"), "");
  second.say("two");
  proxy_.mend();
  first.wait_at_most(std::chrono::seconds{20});
  EXPECT_EQ(first.hear(3), "one");
  EXPECT_EQ(proxy_.connections(), 2u);
}

TEST_F(TcpProxyTest, IsAsSlowAsItIsAskedToBe) {
  const auto executor = thread_executor();
  const Client client{proxy_.port()};
  proxy_.slow_down(10'000);
  const std::string text(4'000, 'x');
  const Time begin = executor->now();
  EXPECT_EQ(client.ask(text), text);
  EXPECT_GE(executor->now() - begin, milliseconds{250}) << "the first tenth of a second's bytes is free";
  proxy_.mend();
  EXPECT_EQ(client.ask(text), text);
}

}  // namespace
}  // namespace tidings::testing
