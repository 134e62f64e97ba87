// What librdkafka 2.0 logs against brokers of Kafka 4.1, and what we make of it.
#include "transport/kafka/client/connection_fault.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kOld = 0x020002ff, kNew = 0x020601ff;

std::string line(const std::string& scheme, const std::string& words) {
  const std::string place = scheme + "here:9093/bootstrap";
  return "[thrd:" + place + "]: " + place + ": " + words + " (after 3ms in state AUTH_REQ)";
}

ConnectionFault fault(const std::string& text, const Security& security, int version = kNew) {
  const auto found = fault_of_log(text, security, version);
  EXPECT_TRUE(found) << text;
  return found.value_or(ConnectionFault{});
}

Security user_of(Sasl sasl) {
  return {.tls = true, .sasl = sasl, .user = "anna", .password = {.file = "/secret", .environment = {}}};
}

TEST(ConnectionFaultTest, SaysThatAUserIsRefused) {
  const auto text =
      line("sasl_ssl://", "SASL authentication error: Authentication failed: Invalid username or password");
  const ConnectionFault refused = fault(text, user_of(Sasl::plain));
  EXPECT_EQ(refused.kind, ErrorKind::invalid);
  EXPECT_TRUE(refused.certain);
  EXPECT_EQ(refused.text,
            "here:9093 refuses user 'anna' by plain: Authentication failed: Invalid username or password; check "
            "`user=anna` and the password of `password_file=/secret`");
}

TEST(ConnectionFaultTest, SaysWhichLibraryCannotDoScram) {
  const auto text = line("sasl_ssl://",
                         "SASL authentication error: Authentication failed during authentication due to "
                         "invalid credentials with SASL mechanism SCRAM-SHA-256");
  EXPECT_THAT(
      fault(text, user_of(Sasl::scram_sha_256), kOld).text,
      AllOf(HasSubstr("check `user=anna`"), HasSubstr("librdkafka 2.0.2 fails at scram-sha-256"), HasSubstr("2.6.1")));
  EXPECT_THAT(fault(text, user_of(Sasl::scram_sha_256), kNew).text, Not(HasSubstr("librdkafka")));
  EXPECT_THAT(fault(text, user_of(Sasl::plain), kOld).text, Not(HasSubstr("librdkafka")));
}

TEST(ConnectionFaultTest, SaysThatATokenIsRefused) {
  Security security{.tls = true, .sasl = Sasl::oauthbearer};
  security.token_command = "print-it --secret=hunter2";
  const auto text = line("sasl_ssl://", "SASL authentication error: {\"status\":\"invalid_token\"}");
  EXPECT_THAT(fault(text, security).text, AllOf(HasSubstr("refuses the token of `token_command`"),
                                                HasSubstr("invalid_token"), Not(HasSubstr("hunter2"))));
}

TEST(ConnectionFaultTest, SaysWhichMechanismsThereAre) {
  EXPECT_THAT(fault(line("sasl_ssl://",
                         "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: "
                         "broker's supported mechanisms: SCRAM-SHA-512,OAUTHBEARER"),
                    user_of(Sasl::plain))
                  .text,
              HasSubstr("here:9093 does not take `sasl=plain`; it takes: SCRAM-SHA-512,OAUTHBEARER"));
  EXPECT_THAT(fault(line("sasl_ssl://",
                         "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current "
                         "SASL state: broker's supported mechanisms: "),
                    user_of(Sasl::plain))
                  .text,
              HasSubstr("takes no SASL: leave `sasl` out"));
}

TEST(ConnectionFaultTest, SaysThatABrokerWantsOurCertificateOrRefusesIt) {
  const auto text = line("ssl://",
                         "Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert "
                         "number 42");
  EXPECT_THAT(fault(text, {.tls = true}).text, HasSubstr("set `tls_cert` and `tls_key`"));
  Security ours{.tls = true};
  ours.cert = "/our.pem";
  EXPECT_THAT(fault(text, ours).text,
              AllOf(HasSubstr("refuses the certificate of `tls_cert=/our.pem`"), HasSubstr("bad certificate")));
}

TEST(ConnectionFaultTest, OnlySuspectsWhereABrokerHangsUp) {
  const auto plain = line("",
                          "Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol "
                          "configuration (connecting to a SSL listener?) or broker version is < 0.10 (see "
                          "api.version.request)");
  EXPECT_THAT(fault(plain, {}).text, AllOf(HasSubstr("here:9093 hung up"), HasSubstr("`tls=yes`")));
  EXPECT_FALSE(fault(plain, {}).certain);
  EXPECT_EQ(fault(plain, {}).kind, ErrorKind::unavailable);
  EXPECT_THAT(fault(line("",
                         "Disconnected: verify that security.protocol is correctly configured, broker might require "
                         "SASL authentication"),
                    {})
                  .text,
              HasSubstr("`sasl=...`"));
  EXPECT_THAT(fault(line("ssl://", "SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading"),
                    {.tls = true})
                  .text,
              HasSubstr("`tls=no`"));
}

TEST(ConnectionFaultTest, IsSilentAboutWhatIsNoMatterOfSecurity) {
  for (const char* words :
       {"Connect to ipv4#127.0.0.1:9093 failed: Connection refused", "Disconnected",
        "SASL authentication error: SaslAuthenticateRequest failed: Local: Broker transport failure",
        "1/1 brokers are down"}) {
    EXPECT_FALSE(fault_of_log(line("sasl_ssl://", words), user_of(Sasl::plain), kNew)) << words;
  }
}

TEST(ConnectionFaultTest, SaysWhyACertificateIsRefused) {
  Security security{.tls = true};
  security.ca = "/ca.pem";
  for (const auto& [code, said] : std::vector<std::pair<int, std::string>>{
           {10, "the certificate of here:9093 has expired: renew it"},
           {9, "is not valid yet"},
           {18,
            "is signed by no authority that we trust (`tls_ca=/ca.pem`): name the authority's PEM file by `tls_ca`"},
           {19, "no authority"},
           {20, "no authority"},
           {21, "no authority"},
           {23, "was revoked"},
           {62, "is for other hosts than the URL's"},
           {64, "is for other hosts than the URL's"},
           {99, "verification error 99"}}) {
    const ConnectionFault found = fault_of_certificate(code, "here:9093", security);
    EXPECT_THAT(found.text, HasSubstr(said));
    EXPECT_EQ(found.kind, ErrorKind::invalid);
  }
  EXPECT_THAT(fault_of_certificate(20, "here:9093", {.tls = true}).text, HasSubstr("(the system's)"));
}

TEST(ConnectionFaultTest, NamesTheOptionOfAFileThatIsNotTaken) {
  EXPECT_THAT(remedy_of_settings("ssl.ca.location failed: error"), HasSubstr("`tls_ca`"));
  EXPECT_THAT(remedy_of_settings("ssl.certificate.location failed: error"), HasSubstr("`tls_cert`"));
  EXPECT_THAT(remedy_of_settings("ssl.key.location failed: error"), HasSubstr("`tls_key_password_file`"));
  EXPECT_EQ(remedy_of_settings("anything else"), "");
}

}  // namespace
}  // namespace tidings::kafka
