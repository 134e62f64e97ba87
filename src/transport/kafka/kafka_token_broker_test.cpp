// Tokens are renewed before they end, and what cannot be renewed is told (C16).
#include <fstream>

#include "tests/support/eventually.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/kafka/secure_broker.hpp"

namespace tidings::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// librdkafka looks once a second whether a token is to be renewed, when four fifths of its life are over.
constexpr Duration kLife = std::chrono::seconds{10};

class KafkaTokenBrokerTest : public SecureBroker {
 protected:
  // Gives tokens of user `admin`, writes down each call, and fails once the file `broken` is there.
  std::string token_url() const {
    const std::string command =
        "test ! -e " + broken_ + " && echo >> " + calls_ + " && " + secret("token") + " admin 10";
    std::string coded;
    for (const char c : command) coded += c == ' ' ? "%20" : c == '&' ? "%26" : std::string(1, c);
    // That port ends connections after 3 s, so that they are made anew with the token that is there then.
    return url_of("SASL_OPEN", "tls=no&create_topics=yes&sasl=oauthbearer&token_command=" + coded);
  }
  std::size_t calls() const {
    std::ifstream file{calls_};
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>{file}, {}, '\n'));
  }
  void break_it() const { std::ofstream{broken_} << ""; }

  // Publishes one event by it, and waits for the answer.
  Result<void> send(transport::Publisher& publisher) const {
    Result<void> outcome = unavailable("not answered");
    transport::Record record{.topic = "orders", .key = "k", .id = "1", .type = "Ordered", .body = "{}"};
    publisher.send({std::move(record)}, [&](std::size_t, Result<void> answered) { outcome = std::move(answered); });
    EXPECT_TRUE(publisher.flush(soon()));
    return outcome;
  }

 private:
  testing::ScratchDirectory scratch_;
  const std::string calls_ = (scratch_.path() / "calls").string();
  const std::string broken_ = (scratch_.path() / "broken").string();
};

TEST_F(KafkaTokenBrokerTest, ATokenIsRenewedBeforeItEndsAndConnectionsTakeTheNewOne) {
  const Time begin = executor().now();
  const auto transport = open(token_url());
  ASSERT_TRUE(transport) << transport.error().message;
  ASSERT_TRUE((*transport)->declare({.topics = {{.name = "orders"}}, .published = {}}));
  auto publisher = (*transport)->publisher({});
  ASSERT_TRUE(publisher) << publisher.error().message;
  const std::size_t first = calls();
  EXPECT_EQ(first, 1u) << "all clients of a transport have one token";
  std::optional<Time> renewed;
  while (executor().now() < begin + kLife + std::chrono::seconds{4}) {  // beyond the first one's end
    const auto sent = send(**publisher);
    ASSERT_TRUE(sent) << sent.error().message;
    if (!renewed && calls() > first) renewed = executor().now();
    executor().sleep_until(executor().now() + std::chrono::milliseconds{100});
  }
  ASSERT_TRUE(renewed);
  EXPECT_LT(*renewed, begin + kLife);
  EXPECT_GE(*renewed, begin + kLife / 2);
}

TEST_F(KafkaTokenBrokerTest, WhatCannotBeConfirmedForWantOfATokenSaysSo) {
  const auto transport = open(token_url());
  ASSERT_TRUE(transport) << transport.error().message;
  ASSERT_TRUE((*transport)->declare({.topics = {{.name = "orders"}}, .published = {}}));
  auto publisher = (*transport)->publisher({.deliver_within = std::chrono::seconds{3}});
  ASSERT_TRUE(publisher) << publisher.error().message;
  ASSERT_TRUE(send(**publisher));
  break_it();
  Result<void> sent;
  EXPECT_TRUE(testing::eventually([&] { return !(sent = send(**publisher)); }, std::chrono::seconds{60}));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::unavailable) << "it may have been confirmed, and may be again";
  EXPECT_THAT(sent.error().message, AllOf(HasSubstr("could not publish"), HasSubstr("token_command")));
  const auto reached = (*transport)->check(executor().now() + std::chrono::seconds{5});
  ASSERT_FALSE(reached);
  EXPECT_THAT(reached.error().message, HasSubstr("token_command"));
}

}  // namespace
}  // namespace tidings::kafka
