#include "service/shell/admin_endpoint.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <deque>

#include "tests/support/eventually.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

AdminPages hello() {
  return {{"/hello", [] { return AdminResponse{.status = 201, .content_type = "text/plain", .body = "hi"}; }}};
}

// A31
TEST(AdminEndpoint, ServesItsPagesOnAFreePort) {
  const auto admin = AdminEndpoint::open(thread_executor(), {"127.0.0.1", 0}, hello());
  ASSERT_TRUE(admin) << admin.error().message;
  httplib::Client client{"127.0.0.1", (*admin)->port()};
  const auto answer = client.Get("/hello");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "hi");
  EXPECT_EQ(client.Get("/other")->status, 404);
  EXPECT_EQ(client.Post("/hello")->status, 404);
}

// P9
TEST(AdminEndpoint, RefusesABodyThatIsTooLarge) {
  const auto admin = AdminEndpoint::open(thread_executor(), {"127.0.0.1", 0}, hello());
  ASSERT_TRUE(admin);
  httplib::Client client{"127.0.0.1", (*admin)->port()};
  EXPECT_EQ(client.Post("/hello", std::string(64u << 10, 'x'), "text/plain")->status, 404);
  EXPECT_EQ(client.Post("/hello", std::string((64u << 10) + 1, 'x'), "text/plain")->status, 413);
  EXPECT_EQ(client.Get("/hello")->status, 201);
}

TEST(AdminEndpoint, RefusesAPortThatIsTakenAndAnAddressThatIsNotOurs) {
  const auto first = AdminEndpoint::open(thread_executor(), {"127.0.0.1", 0}, hello());
  ASSERT_TRUE(first);
  const auto second = AdminEndpoint::open(thread_executor(), {"127.0.0.1", (*first)->port()}, hello());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(second.error().message, HasSubstr("--admin"));
  EXPECT_FALSE(AdminEndpoint::open(thread_executor(), {"192.0.2.1", 0}, hello()));
}

TEST(AdminEndpoint, AnswersMoreCallersThanItHasThreads) {
  const auto executor = thread_executor();
  const auto admin = AdminEndpoint::open(executor, {"127.0.0.1", 0}, hello());
  ASSERT_TRUE(admin);
  std::atomic<std::size_t> answered = 0;
  constexpr std::size_t kCallers = 3 * kAdminThreads;
  {
    std::vector<std::unique_ptr<Thread>> callers;
    for (std::size_t i = 0; i < kCallers; ++i) {
      callers.push_back(executor->spawn("caller", [&] {
        httplib::Client client{"127.0.0.1", (*admin)->port()};
        if (const auto answer = client.Get("/hello"); answer && answer->status == 201) ++answered;
      }));
    }
  }
  EXPECT_EQ(answered, kCallers);
}

// A client that connects and then says what it is told, byte by byte.
class SlowClient final {
 public:
  explicit SlowClient(int port) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~SlowClient() { ::close(socket_); }
  SlowClient(const SlowClient&) = delete;
  SlowClient& operator=(const SlowClient&) = delete;

  void say(std::string_view text) const { EXPECT_TRUE(says(text)); }
  // False: the server hung up before.
  bool says(std::string_view text) const {
    return send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == std::ssize(text);
  }

  // Until the server hangs up.
  std::string listen() const {
    std::string heard;
    for (char byte = 0; recv(socket_, &byte, 1, 0) == 1;) heard += byte;
    return heard;
  }

 private:
  int socket_;
};

// A stop waits for no client: not for one that never ends its request, nor for a hundred.
TEST(AdminEndpoint, IsClosedInTimeThoughClientsAreSlow) {
  const auto executor = thread_executor();
  for (const std::size_t clients : {std::size_t{1}, kAdminThreads + kAdminWaiting + 2}) {
    std::atomic<int> visits = 0;
    auto admin = AdminEndpoint::open(executor, {"127.0.0.1", 0}, {{"/hello", [&] {
                                                                     ++visits;
                                                                     return AdminResponse{};
                                                                   }}});
    ASSERT_TRUE(admin);
    std::deque<SlowClient> slow;
    for (std::size_t i = 0; i < clients; ++i) slow.emplace_back((*admin)->port()).say("GET /hel");
    if (clients == 1) httplib::Client{"127.0.0.1", (*admin)->port()}.Get("/hello");  // it is served meanwhile
    const int before = visits;
    const Time start = executor->now();
    *admin = nullptr;
    EXPECT_LT(executor->now() - start, kAdminCloseWithin + 2s);
    (void)slow.front().says("lo HTTP/1.1\r\n\r\n");
    // Or nothing, when it was so slow that the connection has timed out.
    EXPECT_THAT(slow.front().listen(), ::testing::AnyOf(HasSubstr("503"), ::testing::IsEmpty()));
    EXPECT_EQ(visits, before);  // what the page looks at is gone
  }
}

TEST(AdminEndpoint, WaitsForAPageThatRuns) {
  const auto executor = thread_executor();
  std::atomic<bool> inside = false, done = false;
  auto admin = AdminEndpoint::open(executor, {"127.0.0.1", 0},
                                   {{"/slow", [&] {
                                       inside = true;
                                       executor->sleep_until(executor->now() + kAdminCloseWithin + 100ms);
                                       done = true;
                                       return AdminResponse{};
                                     }}});
  ASSERT_TRUE(admin);
  const auto caller = executor->spawn("caller", [port = (*admin)->port()] {
    httplib::Client{"127.0.0.1", port}.Get("/slow");
  });
  ASSERT_TRUE(testing::eventually([&] { return inside.load(); }));
  *admin = nullptr;
  EXPECT_TRUE(done);
}

TEST(AdminEndpoint, CanBeClosedWithoutACaller) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(AdminEndpoint::open(thread_executor(), {"127.0.0.1", 0}, hello()));
}

}  // namespace
}  // namespace tidings::service
