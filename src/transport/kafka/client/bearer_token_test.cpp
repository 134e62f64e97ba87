#include "transport/kafka/client/bearer_token.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "event/base64.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tidings::kafka {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Time kNow{seconds{1'000'000}};

Security from_command(const std::string& command = "print-it") {
  Security security{.tls = true, .sasl = Sasl::oauthbearer};
  security.token_command = command;
  return security;
}

std::string url_base64(const std::string& text) {
  std::string coded(base64_size(text.size()), '\0');
  put_base64(coded.data(), text);
  while (coded.ends_with('=')) coded.pop_back();
  for (char& c : coded) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return coded;
}

std::string web_token(const std::string& claims) {
  return url_base64(R"({"alg":"none"})") + "." + url_base64(claims) + ".";
}

TEST(BearerTokenTest, TakesWhatAWebTokenSaysOfItself) {
  const std::string text = web_token(R"({"sub":"anna","iat":999999,"exp":1000060,"aud":["a","b"],"x":{"y":1}})");
  const auto token = read_token(text + "\n", kNow, from_command());
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->value, text);
  EXPECT_EQ(token->principal, "anna");
  EXPECT_EQ(token->obtained, kNow);
  EXPECT_EQ(token->expires, kNow + seconds{60});
  EXPECT_EQ(read_token(web_token(R"({"exp":1000000.5})"), kNow, from_command())->expires,
            kNow + std::chrono::milliseconds{500});
}

TEST(BearerTokenTest, TakesAnyOtherTextForTheLifetimeThatTheUrlSays) {
  Security security = from_command();
  security.user = "bert";
  security.token_lifetime = seconds{30};
  for (const std::string& text : {std::string{"opaque"}, std::string{"a.b.c"}, web_token("[]"), web_token("{}")}) {
    const auto token = read_token(text, kNow, security);
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(token->principal, "bert");
    EXPECT_EQ(token->expires, kNow + seconds{30});
  }
  EXPECT_EQ(read_token("opaque", kNow, from_command())->principal, "tidings");
}

TEST(BearerTokenTest, RefusesWhatIsNoneWithoutShowingIt) {
  EXPECT_THAT(read_token(" \n", kNow, from_command()).error().message,
              AllOf(HasSubstr("'token_command'"), HasSubstr("nothing came")));
  EXPECT_THAT(read_token("hunter2 hunter2", kNow, from_command()).error().message,
              AllOf(HasSubstr("no token has"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(read_token(web_token(R"({"exp":1000000})"), kNow, from_command()).error().message,
              HasSubstr("has ended"));
}

class TokenSourceTest : public ::testing::Test {
 protected:
  // Prints a token of such a life, and counts.
  std::string command(int seconds_of_life) const {
    return "echo >> " + calls_ + "; now=$(date +%s); printf 'x.%s.' $(printf '{\"exp\":%d}' $((now + " +
           std::to_string(seconds_of_life) + ")) | base64 -w0 | tr '+/' '-_' | tr -d '=')";
  }
  std::size_t calls() const {
    std::ifstream file{calls_};
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>{file}, {}, '\n'));
  }
  std::string path(const std::string& name) const { return (scratch_.path() / name).string(); }

  const std::shared_ptr<Executor> executor_ = thread_executor();

 private:
  testing::ScratchDirectory scratch_;
  const std::string calls_ = (scratch_.path() / "calls").string();
};

TEST_F(TokenSourceTest, RunsTheCommandOnceForClientsThatComeTogether) {
  TokenSource source{from_command(command(1'000)), executor_};
  std::vector<std::unique_ptr<Thread>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(executor_->spawn("client", [&] { EXPECT_TRUE(source.token()); }));
  }
  clients.clear();
  EXPECT_EQ(calls(), 1u);
}

TEST_F(TokenSourceTest, GetsANewOneWhenHalfOfItsLifeIsOver) {
  TokenSource source{from_command(command(2)), executor_};
  const auto first = source.token();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(calls(), 1u);
  executor_->sleep_until(first->obtained + (first->expires - first->obtained) / 2);
  ASSERT_TRUE(source.token());
  EXPECT_EQ(calls(), 2u);
}

TEST_F(TokenSourceTest, ReadsAFileAnew) {
  Security security{.tls = true, .sasl = Sasl::oauthbearer};
  security.token_file = path("token");
  TokenSource source{security, executor_};
  EXPECT_THAT(source.token().error().message, HasSubstr("'token_file=" + path("token")));
  std::ofstream{path("token")} << "opaque\n";
  EXPECT_EQ(source.token().value().value, "opaque");
}

TEST_F(TokenSourceTest, TriesAgainAfterAFailure) {
  TokenSource source{from_command("test -e " + path("there") + " && echo it"), executor_};
  EXPECT_EQ(source.token().error().kind, ErrorKind::unavailable);
  std::ofstream{path("there")} << "";
  EXPECT_EQ(source.token().value().value, "it");
}

}  // namespace
}  // namespace tidings::kafka
