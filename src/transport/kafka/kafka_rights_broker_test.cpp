// What a user without rights is told, against a real broker (C16).
#include <iostream>

#include "transport/kafka/secure_broker.hpp"

namespace tidings::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class KafkaRightsBrokerTest : public SecureBroker {
 protected:
  std::unique_ptr<transport::Transport> guest() const {
    auto opened = open(url_of("SASL", tls() + "&create_topics=yes&" + user("guest")));
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
};

TEST_F(KafkaRightsBrokerTest, Explore) {
  ASSERT_TRUE(admin()->declare({.topics = {{.name = "orders"}}, .published = {}}));
  auto g = guest();
  auto d = g->declare({.topics = {{.name = "orders"}}, .published = {}});
  std::cerr << "declare: " << (d ? "ok" : d.error().message) << std::endl;
  auto p = publish(*g);
  std::cerr << "publish: " << (p ? "ok" : p.error().message) << std::endl;
  auto c = g->consumer({.group = "readers", .instance = "one", .topic = "orders"});
  std::cerr << "consume: " << (c ? "ok" : c.error().message) << std::endl;
}

}  // namespace
}  // namespace tidings::kafka
