// Ways in, and what keeps one out, against a real broker (C16).
#include <cstdlib>

#include "transport/kafka/secure_broker.hpp"

namespace tidings::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class KafkaWaysInBrokerTest : public SecureBroker, public ::testing::WithParamInterface<const char*> {};

TEST_P(KafkaWaysInBrokerTest, EventsPass) {
  const std::string way = GetParam();
  if (way.starts_with("scram") && !can_do_scram()) {
    const Error refused = refusal(url(way));
    EXPECT_EQ(refused.kind, ErrorKind::invalid);
    EXPECT_THAT(refused.message, AllOf(HasSubstr("use librdkafka 2.6.1 or later"), HasSubstr("`sasl=plain`")));
    GTEST_SKIP() << "librdkafka " << rd_kafka_version_str() << " cannot do SCRAM with Kafka 4; its error says so";
  }
  const auto transport = open(url(way));
  ASSERT_TRUE(transport) << transport.error().message;
  pass_an_event(**transport);
}
INSTANTIATE_TEST_SUITE_P(Kafka, KafkaWaysInBrokerTest,
                         ::testing::Values("tls", "mutual-tls", "plain", "scram-sha-256", "scram-sha-512",
                                           "oauthbearer"),
                         [](const auto& way) {
                           std::string name = way.param;
                           std::erase(name, '-');
                           return name;
                         });

class KafkaSecurityBrokerTest : public SecureBroker {};

TEST_F(KafkaSecurityBrokerTest, ThePasswordMayComeFromTheEnvironment) {
  ::setenv("TIDINGS_TEST_PASSWORD", secret_text("admin.password").c_str(), 1);
  const auto opened = open(url_of("SASL", tls() + "&sasl=plain&user=admin&password_env=TIDINGS_TEST_PASSWORD"));
  ::unsetenv("TIDINGS_TEST_PASSWORD");
  EXPECT_TRUE(opened) << opened.error().message;
}

TEST_F(KafkaSecurityBrokerTest, AWrongPasswordIsRefusedNamingTheOptions) {
  for (const char* mechanism : {"plain", "scram-sha-256", "scram-sha-512"}) {
    const std::string wrong = "password_file=" + secret("guest.password");
    const Error refused = refusal(url_of("SASL", tls() + "&sasl=" + std::string{mechanism} + "&user=admin&" + wrong));
    EXPECT_EQ(refused.kind, ErrorKind::invalid);
    EXPECT_THAT(refused.message, AllOf(HasSubstr("refuses user 'admin' by " + std::string{mechanism}),
                                       HasSubstr("check `user=admin`"), HasSubstr("`" + wrong + "`")));
  }
}

TEST_F(KafkaSecurityBrokerTest, AWrongAuthorityIsRefusedNamingTheOption) {
  const Error given = refusal(url_of("TLS", "tls_ca=" + secret("other-ca.pem")));
  EXPECT_EQ(given.kind, ErrorKind::invalid);
  EXPECT_THAT(given.message, AllOf(HasSubstr("no authority that we trust"), HasSubstr("by `tls_ca`"),
                                   HasSubstr(secret("other-ca.pem"))));
  EXPECT_THAT(refusal(url_of("TLS", "tls=yes")).message, HasSubstr("(the system's)"));
}

TEST_F(KafkaSecurityBrokerTest, AnExpiredCertificateIsRefusedUnlessNoneIsChecked) {
  const Error expired = refusal(url_of("EXPIRED", tls()));
  EXPECT_EQ(expired.kind, ErrorKind::invalid);
  EXPECT_THAT(expired.message, AllOf(HasSubstr("has expired"), HasSubstr("renew it")));
  EXPECT_THAT(refusal(url_of("EXPIRED", tls() + "&tls_verify=certificate")).message, HasSubstr("has expired"));
  EXPECT_TRUE(open(url_of("EXPIRED", tls() + "&tls_verify=none")));
}

TEST_F(KafkaSecurityBrokerTest, ACertificateOfAnotherHostIsRefusedUnlessHostsAreNotChecked) {
  const Error other = refusal(url_of("OTHER_HOST", tls()));
  EXPECT_EQ(other.kind, ErrorKind::invalid);
  EXPECT_THAT(other.message, AllOf(HasSubstr("for other hosts"), HasSubstr("`tls_verify=certificate`")));
  EXPECT_TRUE(open(url_of("OTHER_HOST", tls() + "&tls_verify=certificate")));
}

TEST_F(KafkaSecurityBrokerTest, MutualTlsSaysWhatIsWrongWithOurCertificate) {
  const Error none = refusal(url_of("MTLS", tls()));
  EXPECT_EQ(none.kind, ErrorKind::invalid);
  EXPECT_THAT(none.message, HasSubstr("set `tls_cert` and `tls_key`"));
  const std::string other = "&tls_cert=" + secret("other-client.pem") + "&tls_key=" + secret("other-client.key");
  EXPECT_THAT(refusal(url_of("MTLS", tls() + other)).message,
              AllOf(HasSubstr("refuses the certificate of `tls_cert="), HasSubstr(secret("other-client.pem"))));
}

TEST_F(KafkaSecurityBrokerTest, AKeyMayHaveAPassword) {
  const std::string locked = tls() + "&tls_cert=" + secret("client.pem") + "&tls_key=" + secret("client.locked.key");
  const auto opened = open(url_of("MTLS", locked + "&tls_key_password_file=" + secret("client.passphrase")));
  EXPECT_TRUE(opened) << opened.error().message;
  EXPECT_THAT(refusal(url_of("MTLS", locked)).message, HasSubstr("`tls_key_password_file`"));
  const std::string wrong = "&tls_key_password_file=" + secret("guest.password");
  EXPECT_THAT(refusal(url_of("MTLS", locked + wrong)).message, HasSubstr("`tls_key_password_file`"));
}

TEST_F(KafkaSecurityBrokerTest, FilesThatAreNotThereAreNamed) {
  EXPECT_THAT(refusal(url_of("TLS", "tls_ca=/nowhere/ca.pem")).message, HasSubstr("'tls_ca=/nowhere/ca.pem'"));
  const std::string nowhere = "&sasl=plain&user=admin&password_file=/nowhere/password";
  EXPECT_THAT(refusal(url_of("SASL", tls() + nowhere)).message, HasSubstr("'password_file=/nowhere/password'"));
  EXPECT_THAT(refusal(url_of("TLS", "tls_ca=" + secret("guest.password"))).message, HasSubstr("PEM file"));
}

TEST_F(KafkaSecurityBrokerTest, APortWithoutSaslSaysSo) {
  EXPECT_THAT(refusal(url_of("TLS", tls() + "&" + user("admin"))).message, HasSubstr("takes no SASL"));
}

TEST_F(KafkaSecurityBrokerTest, ATokenThatCannotBeHadSaysWhy) {
  const Error failed = refusal(url_of("SASL", tls() + "&sasl=oauthbearer&token_command=exit%207"));
  EXPECT_EQ(failed.kind, ErrorKind::unavailable);
  EXPECT_THAT(failed.message, AllOf(HasSubstr("'token_command'"), HasSubstr("exit code 7")));
  EXPECT_THAT(refusal(url_of("SASL", tls() + "&sasl=oauthbearer&token_command=echo%20opaque")).message,
              HasSubstr("refuses the token of `token_command`"));
}

}  // namespace
}  // namespace tidings::kafka
