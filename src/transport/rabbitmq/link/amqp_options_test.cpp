#include "transport/rabbitmq/link/amqp_options.hpp"

#include <gmock/gmock.h>

namespace tidings::rabbitmq {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

AmqpOptions options_of(const std::string& url) {
  return options_from(transport::parse_url(url).value()).value();
}
std::string fault_of(const std::string& url) {
  return options_from(transport::parse_url(url).value()).error().message;
}

TEST(AmqpOptionsTest, AreTheServersTheUserAndTheVirtualHost) {
  const auto options = options_of("amqp://me@one:1,two/shop?password_file=/p");
  EXPECT_THAT(options.servers, ElementsAre(Server{"one", 1}, Server{"two", 5672}));
  EXPECT_EQ(options.security.user, "me");
  EXPECT_EQ(options.vhost, "shop");
}

TEST(AmqpOptionsTest, HaveDefaults) {
  for (const std::string url : {"amqp://here", "amqp://here/"}) {
    const auto options = options_of(url);
    EXPECT_EQ(options.security.user, "guest");
    EXPECT_EQ(options.vhost, "/");
    EXPECT_EQ(options.queue, QueueKind::quorum);
    EXPECT_EQ(options.queues, 1);
    EXPECT_EQ(options.strict_hold_max, std::chrono::seconds{60});
    EXPECT_EQ(options.revoke_within, std::chrono::seconds{60});
    EXPECT_EQ(options.declaring, Declaring::make);
  }
}

TEST(AmqpOptionsTest, HaveAnotherPortWithTlsAndIpv6AddressesInBrackets) {
  EXPECT_THAT(options_of("amqps://here,[::1],[::2]:7/").servers,
              ElementsAre(Server{"here", 5671}, Server{"::1", 5671}, Server{"::2", 7}));
}

TEST(AmqpOptionsTest, SayAllThatIsWrong) {
  const auto fault = fault_of(
      "amqp://me:hunter2@here:x/?queue=fast&queues=0&heartbeat=1ms&strict_hold_max=1h&revoke_within=1h&prefix=a/b");
  for (const std::string part : {"'x' is no port", "password", "queue=fast", "queues=0", "heartbeat=1ms",
                                 "strict_hold_max=1h", "revoke_within=1h", "prefix"}) {
    EXPECT_THAT(fault, HasSubstr(part));
  }
  EXPECT_THAT(fault, Not(HasSubstr("hunter2")));
  EXPECT_THAT(fault_of("amqp://here/?declare=perhaps"), HasSubstr("yes or no"));
  EXPECT_THAT(fault_of("amqp:///"), HasSubstr("names a server"));
  EXPECT_THAT(fault_of("amqp://here/?nonsense=1"), HasSubstr("nonsense"));
}

}  // namespace
}  // namespace tidings::rabbitmq
