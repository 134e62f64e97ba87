#include "transport/driver/tls_options.hpp"

#include <gmock/gmock.h>

namespace tidings::transport {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Read {
  TlsOptions options;
  std::vector<std::string> faults;
};

Read read(const std::string& options) {
  Read read;
  read.options = tls_options_of(parse_url("x://here?" + options).value(), read.faults);
  return read;
}

TEST(TlsOptionsTest, AreWhatTheUrlSays) {
  const auto [options, faults] =
      read("tls_ca=/ca&tls_cert=/c&tls_key=/k&tls_key_password_env=P&tls_verify=certificate");
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(options.ca, "/ca");
  EXPECT_EQ(options.cert, "/c");
  EXPECT_EQ(options.key, "/k");
  EXPECT_EQ(options.key_password.environment, "P");
  EXPECT_EQ(options.verify, TlsVerify::certificate);
  EXPECT_EQ(read("tls_verify=none").options.verify, TlsVerify::none);
  EXPECT_EQ(read("other=1").options.verify, TlsVerify::full) << "nobody has to ask for it";
}

TEST(TlsOptionsTest, SayAllThatIsWrong) {
  EXPECT_THAT(read("tls_cert=c&tls_key_password_file=f&tls_key_password_env=E&tls_verify=some").faults,
              ElementsAre(HasSubstr("'tls_verify=some'"), HasSubstr("leave one of"), HasSubstr("belong together"),
                          HasSubstr("needs 'tls_key'")));
}

TEST(TlsOptionsTest, ASecretIsRefusedAndNotRepeated) {
  for (const RefusedSecret& refused : kRefusedPasswords) {
    std::vector<std::string> faults;
    refuse_secret(parse_url("x://here?" + std::string{refused.name} + "=hunter2").value(), refused, faults);
    EXPECT_THAT(faults, ElementsAre(AllOf(HasSubstr(std::string{refused.name}), HasSubstr("_file=FILE"),
                                          Not(HasSubstr("hunter2")))));
  }
}

TEST(TlsOptionsTest, ARefusedCertificateSaysWhatToChange) {
  const RefusedCertificate other_host{.code = 64, .server = "here:1", .ca = "/ca", .hosts_also = " and there"};
  EXPECT_EQ(text_of(other_host),
            "the certificate of here:1 is for other hosts than the URL's: write a host that the certificate names, "
            "here and there; `tls_verify=certificate` does not look at hosts");
  EXPECT_THAT(text_of({.code = 20, .server = "here:1", .ca = "/ca", .hosts_also = {}}), HasSubstr("(`tls_ca=/ca`)"));
  EXPECT_THAT(text_of({.code = 10, .server = "here:1", .ca = {}, .hosts_also = {}}),
              AllOf(HasSubstr("has expired"), Not(HasSubstr("(")), Not(HasSubstr("tls_"))));
}

}  // namespace
}  // namespace tidings::transport
