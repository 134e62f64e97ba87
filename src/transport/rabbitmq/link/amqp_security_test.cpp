#include "transport/rabbitmq/link/amqp_security.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "transport/rabbitmq/link/amqp_options.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

AmqpSecurity security_of(const std::string& url) {
  const auto options = options_from(transport::parse_url(url).value());
  EXPECT_TRUE(options) << options.error().message;
  return options ? options->security : AmqpSecurity{};
}

std::string fault(const std::string& url) {
  const auto options = options_from(transport::parse_url(url).value());
  EXPECT_FALSE(options) << url;
  return options ? "" : options.error().message;
}

TEST(AmqpSecurityTest, IsThatOfGuestWhereNothingIsSaid) {
  for (const char* url : {"amqp://here/", "amqp://guest@here/"}) {
    const AmqpSecurity security = security_of(url);
    EXPECT_FALSE(security.tls);
    EXPECT_EQ(security.user, "guest");
    EXPECT_EQ(password_of(security).value(), "guest");
  }
}

TEST(AmqpSecurityTest, TakesWhatTheUrlSays) {
  const AmqpSecurity plain = security_of("amqps://anna@here/?tls_ca=/ca&password_env=P");
  EXPECT_TRUE(plain.tls);
  EXPECT_EQ(plain.trust.ca, "/ca");
  EXPECT_EQ(plain.trust.verify, transport::TlsVerify::full);
  EXPECT_EQ(plain.user, "anna");
  EXPECT_EQ(plain.password.environment, "P");
  EXPECT_EQ(plain.sasl, Sasl::plain);
  EXPECT_EQ(security_of("amqp://anna@here/?password_file=/p&sasl=plain").password.file, "/p");
  EXPECT_EQ(security_of("amqps://here/?sasl=external&tls_cert=/c&tls_key=/k").sasl, Sasl::external);
}

TEST(AmqpSecurityTest, AUserHasNoPasswordThatNobodyGave) {
  EXPECT_THAT(fault("amqp://anna@here/"), HasSubstr("user 'anna' needs a password: write `password_file=FILE`"));
  ::unsetenv("TIDINGS_TEST_PASSWORD");
  EXPECT_THAT(password_of(security_of("amqp://anna@here/?password_env=TIDINGS_TEST_PASSWORD")).error().message,
              HasSubstr("'password_env=TIDINGS_TEST_PASSWORD'"));
}

TEST(AmqpSecurityTest, RefusesSecretsSayingWhatToDoAndNotTheSecret) {
  for (const char* url : {"amqp://anna:hunter2@here/", "amqp://anna:hunter2@else@here/",
                          "amqp://here/?password=hunter2", "amqps://here/?passwd=hunter2",
                          "amqps://here/?tls_key_password=hunter2", "amqp://anna:hunter2@here/?nonsense=1"}) {
    EXPECT_THAT(fault(url), AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("else@"))));
  }
  EXPECT_THAT(fault("amqp://anna:hunter2@here/"), AllOf(HasSubstr("`password_file=FILE`"), HasSubstr("process lists")));
}

TEST(AmqpSecurityTest, SaysWhatIsMissingOrTooMuch) {
  for (const auto& [url, said] : std::vector<std::pair<std::string, std::string>>{
           {"amqp://here/?tls_ca=/ca", "need `amqps:`"},
           {"amqps://here/?sasl=external", "needs `amqps:`, `tls_cert` and `tls_key`"},
           {"amqp://here/?sasl=external", "needs `amqps:`"},
           {"amqps://anna@here/?sasl=external&tls_cert=/c&tls_key=/k", "takes no user"},
           {"amqps://here/?sasl=external&tls_cert=/c&tls_key=/k&password_file=/p", "no password"},
           {"amqps://here/?sasl=scram-sha-512", "expected plain or external"},
           {"amqps://here/?tls_verify=some", "full, certificate or none"},
           {"amqps://here/?tls_cert=/c", "belong together"},
           {"amqp://anna@here/?password_file=/p&password_env=P", "leave one of"}}) {
    EXPECT_THAT(fault(url), HasSubstr(said)) << url;
  }
}

TEST(AmqpSecurityTest, StandsInTheHelp) {
  for (const auto& option : security_url_options()) {
    EXPECT_THAT(describe_rabbitmq(), HasSubstr("\n    " + std::string{option.name} + ": "));
  }
}

}  // namespace
}  // namespace tidings::rabbitmq
