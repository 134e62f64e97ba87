// Ways in, and what keeps one out, against a real server (D14).
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/scratch_directory.hpp"
#include "transport/rabbitmq/secure_amqp_here.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class AmqpWaysInBrokerTest : public SecureAmqpHere, public ::testing::WithParamInterface<const char*> {};

TEST_P(AmqpWaysInBrokerTest, EventsPass) {
  const auto transport = open(url(GetParam()));
  ASSERT_TRUE(transport) << transport.error().message;
  pass_an_event(**transport);
}
INSTANTIATE_TEST_SUITE_P(Rabbitmq, AmqpWaysInBrokerTest, ::testing::Values("tls", "mutual-tls", "external"),
                         [](const auto& way) {
                           std::string name = way.param;
                           std::erase(name, '-');
                           return name;
                         });

class AmqpSecurityBrokerTest : public SecureAmqpHere {
 protected:
  std::string ours(const std::string& name) const {
    return ca() + "&tls_cert=" + secret(name + ".pem") + "&tls_key=" + secret(name + ".key");
  }
};

TEST_F(AmqpSecurityBrokerTest, RenewedConnectionsAreAsSafeAsTheFirstOnes) {
  const auto transport = open(url_of(kMutual, "", ours("client") + "&sasl=external", "elsewhere"));
  ASSERT_TRUE(transport) << transport.error().message;
  pass_an_event(**transport);
  const auto consumer = (*transport)->consumer(readers());
  ASSERT_TRUE(consumer) << consumer.error().message;
  ctl({"close_all_connections", "-p", "elsewhere", "a test"});  // where no other test has any that lasts
  const auto published = publish(**transport);
  ASSERT_TRUE(published) << published.error().message;
  receive_and_settle(**consumer);
}

TEST_F(AmqpSecurityBrokerTest, APasswordThatWasReplacedCountsFromTheNextConnectionOn) {
  testing::ScratchDirectory scratch;
  const std::string file = (scratch.path() / "password").string();
  std::filesystem::copy_file(secret("stranger.password"), file);
  const std::string url = "amqps://admin@127.0.0.1:" + port() + "/?" + ca() + "&password_file=" + file;
  EXPECT_THAT(refusal(url).message, HasSubstr("refuses user 'admin'"));
  std::filesystem::copy_file(secret("admin.password"), file, std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(open(url));
}

TEST_F(AmqpSecurityBrokerTest, ThePasswordMayComeFromTheEnvironment) {
  ::setenv("TIDINGS_TEST_PASSWORD", secret_text("admin.password").c_str(), 1);
  const auto opened = open("amqps://admin@127.0.0.1:" + port() + "/?" + ca() + "&password_env=TIDINGS_TEST_PASSWORD");
  ::unsetenv("TIDINGS_TEST_PASSWORD");
  EXPECT_TRUE(opened) << opened.error().message;
}

TEST_F(AmqpSecurityBrokerTest, AWrongPasswordIsRefusedNamingTheOption) {
  const std::string wrong = "password_file=" + secret("stranger.password");
  const Error refused = refusal("amqps://admin@127.0.0.1:" + port() + "/?" + ca() + "&" + wrong);
  EXPECT_EQ(refused.kind, ErrorKind::invalid);
  EXPECT_THAT(refused.message, AllOf(HasSubstr("refuses user 'admin'"), HasSubstr("`" + wrong + "`")));
}

TEST_F(AmqpSecurityBrokerTest, AWrongAuthorityIsRefusedNamingTheOption) {
  const Error given = refusal(url_of(kGood, "admin", "tls_ca=" + secret("other-ca.pem")));
  EXPECT_EQ(given.kind, ErrorKind::invalid);
  EXPECT_THAT(given.message, AllOf(HasSubstr("no authority that we trust"), HasSubstr("by `tls_ca`"),
                                   HasSubstr(secret("other-ca.pem"))));
  EXPECT_THAT(refusal(url_of(kGood, "admin", "declare=yes")).message, HasSubstr("(the system's)"));
}

TEST_F(AmqpSecurityBrokerTest, AnExpiredCertificateIsRefusedUnlessNoneIsChecked) {
  const Error expired = refusal(url_of(kExpired, "admin", ca()));
  EXPECT_EQ(expired.kind, ErrorKind::invalid);
  EXPECT_THAT(expired.message, AllOf(HasSubstr("has expired"), HasSubstr("renew it")));
  EXPECT_THAT(refusal(url_of(kExpired, "admin", ca() + "&tls_verify=certificate")).message, HasSubstr("has expired"));
  EXPECT_TRUE(open(url_of(kExpired, "admin", "tls_verify=none")));
}

TEST_F(AmqpSecurityBrokerTest, ACertificateOfAnotherHostIsRefusedUnlessHostsAreNotChecked) {
  const Error other = refusal(url_of(kOtherHost, "admin", ca()));
  EXPECT_EQ(other.kind, ErrorKind::invalid);
  EXPECT_THAT(other.message, AllOf(HasSubstr("for other hosts"), HasSubstr("`tls_verify=certificate`")));
  EXPECT_TRUE(open(url_of(kOtherHost, "admin", ca() + "&tls_verify=certificate")));
  EXPECT_TRUE(open(url_of("localhost", "admin", ca()))) << "by name";
}

TEST_F(AmqpSecurityBrokerTest, MutualTlsSaysWhatIsWrongWithOurCertificate) {
  const Error none = refusal(url_of(kMutual, "admin", ca()));
  EXPECT_EQ(none.kind, ErrorKind::invalid);
  EXPECT_THAT(none.message, HasSubstr("set `tls_cert` and `tls_key`"));
  const Error other = refusal(url_of(kMutual, "admin", ours("other-client")));
  EXPECT_EQ(other.kind, ErrorKind::invalid);
  EXPECT_THAT(other.message, HasSubstr("refuses the certificate of `tls_cert=" + secret("other-client.pem")));
}

TEST_F(AmqpSecurityBrokerTest, ACertificateWithoutAUserSaysHowOneIsMade) {
  const Error nobody = refusal(url_of(kMutual, "", ours("nobody") + "&sasl=external"));
  EXPECT_EQ(nobody.kind, ErrorKind::invalid);
  EXPECT_THAT(nobody.message, AllOf(HasSubstr("no user for the certificate of `tls_cert=" + secret("nobody.pem")),
                                    HasSubstr("`rabbitmqctl add_user`")));
}

TEST_F(AmqpSecurityBrokerTest, AKeyMayHaveAPassword) {
  const std::string locked = ca() + "&tls_cert=" + secret("client.pem") + "&tls_key=" + secret("client.locked.key");
  const auto opened =
      open(url_of(kMutual, "", locked + "&sasl=external&tls_key_password_file=" + secret("client.passphrase")));
  EXPECT_TRUE(opened) << opened.error().message;
  EXPECT_THAT(refusal(url_of(kMutual, "admin", locked)).message, HasSubstr("`tls_key_password_file`"));
  const std::string wrong = "&tls_key_password_file=" + secret("stranger.password");
  EXPECT_THAT(refusal(url_of(kMutual, "admin", locked + wrong)).message, HasSubstr("`tls_key_password_file`"));
}

TEST_F(AmqpSecurityBrokerTest, FilesThatAreNotThereAreNamed) {
  EXPECT_THAT(refusal(url_of(kGood, "admin", "tls_ca=/nowhere/ca.pem")).message, HasSubstr("'tls_ca=/nowhere/ca.pem'"));
  EXPECT_THAT(refusal(url_of(kGood, "admin", "tls_ca=" + secret("stranger.password"))).message, HasSubstr("PEM file"));
  EXPECT_THAT(refusal("amqps://admin@127.0.0.1:" + port() + "/?" + ca() + "&password_file=/nowhere/p").message,
              HasSubstr("'password_file=/nowhere/p'"));
}

TEST_F(AmqpSecurityBrokerTest, AVirtualHostThatIsNotThereOrNotOpenSaysHowItBecomesSo) {
  const Error missing = refusal(url_of(kGood, "admin", ca(), "nowhere"));
  EXPECT_EQ(missing.kind, ErrorKind::invalid);
  EXPECT_THAT(missing.message,
              AllOf(HasSubstr("no virtual host 'nowhere'"), HasSubstr("`rabbitmqctl add_vhost nowhere`")));
  const Error closed = refusal(url_of(kGood, "reader", ca(), "elsewhere"));
  EXPECT_EQ(closed.kind, ErrorKind::invalid);
  EXPECT_THAT(closed.message, AllOf(HasSubstr("user 'reader' may not enter virtual host 'elsewhere'"),
                                    HasSubstr("`rabbitmqctl set_permissions -p elsewhere reader")));
  EXPECT_TRUE(open(url_of(kGood, "admin", ca(), "elsewhere")));
}

TEST_F(AmqpSecurityBrokerTest, TheSchemeOfTheOtherPortIsNamed) {
  EXPECT_THAT(refusal("amqps://127.0.0.1:" + plain_port() + "/?" + ca()).message, HasSubstr("write `amqp:`"));
  // It may be a server that starts: transports would try it for a while.
  const auto executor = thread_executor();
  const auto options = options_from(transport::parse_url("amqp://127.0.0.1:" + port() + "/").value()).value();
  const auto opened = Link::open(options, "a test", *executor, soon());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(opened.error().message, HasSubstr("write `amqps:`"));
}

}  // namespace
}  // namespace tidings::rabbitmq
