#include "service/shell/admin_endpoint.hpp"

#include <gmock/gmock.h>
#include <httplib.h>

#include <atomic>

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

TEST(AdminEndpoint, CanBeClosedWithoutACaller) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(AdminEndpoint::open(thread_executor(), {"127.0.0.1", 0}, hello()));
}

}  // namespace
}  // namespace tidings::service
