#include "transport/kafka/client/security_options.hpp"

#include <gmock/gmock.h>

#include "transport/kafka/client/kafka_options.hpp"

namespace tidings::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Result<KafkaOptions> read(const std::string& options) {
  return options_from(transport::parse_url("kafka://here?" + options).value());
}

Security secure(const std::string& options) {
  const auto read_options = read(options);
  EXPECT_TRUE(read_options) << read_options.error().message;
  return read_options ? read_options->security : Security{};
}

std::string fault(const std::string& options) {
  const auto read_options = read(options);
  EXPECT_FALSE(read_options) << options;
  if (read_options) return {};
  EXPECT_EQ(read_options.error().kind, ErrorKind::invalid);
  return read_options.error().message;
}

TEST(SecurityOptionsTest, AreNoneWhereNothingIsSaid) {
  const Security security = secure("partitions=1");
  EXPECT_FALSE(security.tls);
  EXPECT_EQ(security.sasl, Sasl::none);
  EXPECT_EQ(security.verify, TlsVerify::full);
  EXPECT_EQ(security.token_lifetime, std::chrono::minutes{5});
}

TEST(SecurityOptionsTest, TakeWhatTheUrlSays) {
  const Security mutual = secure("tls_ca=/ca&tls_cert=/c&tls_key=/k&tls_key_password_file=/p&tls_verify=certificate");
  EXPECT_TRUE(mutual.tls);
  EXPECT_EQ(mutual.ca, "/ca");
  EXPECT_EQ(mutual.cert, "/c");
  EXPECT_EQ(mutual.key, "/k");
  EXPECT_EQ(mutual.key_password.file, "/p");
  EXPECT_EQ(mutual.verify, TlsVerify::certificate);
  const Security scram = secure("sasl=scram-sha-512&user=anna&password_env=PASSWORD");
  EXPECT_EQ(scram.sasl, Sasl::scram_sha_512);
  EXPECT_EQ(scram.user, "anna");
  EXPECT_EQ(scram.password.environment, "PASSWORD");
  EXPECT_EQ(secure("sasl=plain&user=u&password_file=f").sasl, Sasl::plain);
  EXPECT_EQ(secure("sasl=scram-sha-256&user=u&password_file=f").sasl, Sasl::scram_sha_256);
  const Security bearer = secure("sasl=oauthbearer&token_command=print%20it&token_lifetime=1h");
  EXPECT_EQ(bearer.sasl, Sasl::oauthbearer);
  EXPECT_EQ(bearer.token_command, "print it");
  EXPECT_EQ(bearer.token_lifetime, std::chrono::hours{1});
  EXPECT_EQ(secure("sasl=oauthbearer&token_file=f").token_file, "f");
  EXPECT_EQ(secure("tls=yes&tls_verify=none").verify, TlsVerify::none);
}

TEST(SecurityOptionsTest, EncryptWhatIsMeantToBeSafeUnlessToldNotTo) {
  EXPECT_TRUE(secure("sasl=plain&user=u&password_file=f").tls);
  EXPECT_FALSE(secure("sasl=plain&user=u&password_file=f&tls=no").tls);
  EXPECT_TRUE(secure("tls=yes").tls);
  EXPECT_THAT(fault("tls=no&tls_ca=f"), HasSubstr("'tls=no' contradicts"));
}

TEST(SecurityOptionsTest, RefuseSecretsSayingWhatToDoAndNotTheSecret) {
  for (const char* name : {"password", "passwd", "sasl_password", "secret", "rdkafka.sasl.password"}) {
    EXPECT_THAT(fault(std::string{name} + "=hunter2"),
                AllOf(HasSubstr(name), HasSubstr("`password_file=FILE`"), HasSubstr("`password_env=NAME`"),
                      Not(HasSubstr("hunter2"))));
  }
  for (const char* name : {"token", "rdkafka.sasl.oauthbearer.config", "rdkafka.sasl.oauthbearer.client.secret"}) {
    EXPECT_THAT(fault(std::string{name} + "=hunter2"),
                AllOf(HasSubstr(name), HasSubstr("`token_command=COMMAND`"), Not(HasSubstr("hunter2"))));
  }
  for (const char* name :
       {"tls_key_password", "rdkafka.ssl.key.password", "rdkafka.ssl.key.pem", "rdkafka.ssl.keystore.password"}) {
    EXPECT_THAT(fault(std::string{name} + "=hunter2"),
                AllOf(HasSubstr(name), HasSubstr("tls_key_password_file"), Not(HasSubstr("hunter2"))));
  }
  const auto before_host = options_from(transport::parse_url("kafka://anna:hunter2@here:1").value());
  ASSERT_FALSE(before_host);
  EXPECT_THAT(before_host.error().message,
              AllOf(HasSubstr("`sasl=plain&user=NAME&password_file=FILE`"), Not(HasSubstr("hunter2"))));
}

TEST(SecurityOptionsTest, NameTheOptionThatSaysItInsteadOfAProperty) {
  for (const auto& [property, option] :
       std::vector<std::pair<std::string, std::string>>{{"security.protocol", "`tls`"},
                                                        {"sasl.mechanism", "`sasl`"},
                                                        {"sasl.mechanisms", "`sasl`"},
                                                        {"sasl.username", "`user`"},
                                                        {"ssl.ca.location", "`tls_ca`"},
                                                        {"ssl.ca.pem", "`tls_ca`"},
                                                        {"ssl.certificate.location", "`tls_cert`"},
                                                        {"ssl.certificate.pem", "`tls_cert`"},
                                                        {"ssl.key.location", "`tls_key`"},
                                                        {"ssl.keystore.location", "`tls_key`"},
                                                        {"enable.ssl.certificate.verification", "`tls_verify`"},
                                                        {"ssl.endpoint.identification.algorithm", "`tls_verify`"},
                                                        {"enable.sasl.oauthbearer.unsecure.jwt", "`token_file`"},
                                                        {"sasl.oauthbearer.method", "`token_file`"}}) {
    EXPECT_THAT(fault("rdkafka." + property + "=x"), HasSubstr(option)) << property;
  }
  EXPECT_TRUE(read("rdkafka.ssl.cipher.suites=x")) << "what is no matter of trust can be set";
}

TEST(SecurityOptionsTest, SayWhatIsMissingOrTooMuch) {
  for (const auto& [options, said] : std::vector<std::pair<std::string, std::string>>{
           {"sasl=plain", "needs `user=NAME`"},
           {"sasl=plain&user=u", "`password_file=FILE`"},
           {"sasl=scram-sha-256&password_env=P", "needs `user=NAME`"},
           {"sasl=plain&user=u&password_file=f&password_env=P", "leave one of 'password_file' and 'password_env'"},
           {"sasl=oauthbearer", "one of `token_file=FILE` and `token_command=COMMAND`"},
           {"sasl=oauthbearer&token_file=f&token_command=c", "one of `token_file=FILE`"},
           {"sasl=oauthbearer&token_file=f&token_lifetime=9s", "10s to 24h"},
           {"sasl=oauthbearer&token_file=f&token_lifetime=25h", "10s to 24h"},
           {"sasl=plain&user=u&password_file=f&token_file=f", "'token_*' needs `sasl=oauthbearer`"},
           {"sasl=gssapi", "expected plain, scram-sha-256, scram-sha-512 or oauthbearer"},
           {"sasl=none", "expected plain"},
           {"user=u", "'user' needs 'sasl'"},
           {"password_file=f", "'password_*' needs `sasl=plain`"},
           {"tls=maybe", "yes or no"},
           {"tls_verify=some", "full, certificate or none"},
           {"tls_cert=c", "'tls_cert' and 'tls_key' belong together"},
           {"tls_key=k", "'tls_cert' and 'tls_key' belong together"},
           {"tls_key_password_file=p", "needs 'tls_key'"}}) {
    EXPECT_THAT(fault(options), HasSubstr(said)) << options;
  }
}

TEST(SecurityOptionsTest, StandInTheHelp) {
  for (const auto& option : security_url_options()) {
    EXPECT_THAT(describe_kafka(), HasSubstr("\n    " + std::string{option.name} + ": "));
  }
}

}  // namespace
}  // namespace tidings::kafka
