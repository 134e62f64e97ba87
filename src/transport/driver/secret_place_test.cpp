#include "transport/driver/secret_place.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "tests/support/scratch_directory.hpp"

namespace tidings::transport {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SecretPlaceTest : public ::testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = (scratch_.path() / "secret").string();
    std::ofstream{path, std::ios::binary} << text;
    return path;
  }
  Result<std::string> of_file(const std::string& text) {
    return read_secret({.file = file(text), .environment = {}}, "password");
  }
  std::string missing() const { return (scratch_.path() / "missing").string(); }

 private:
  testing::ScratchDirectory scratch_;
};

TEST_F(SecretPlaceTest, ReadsAFileWithoutItsLineEnd) {
  EXPECT_EQ(of_file("hunter2").value(), "hunter2");
  EXPECT_EQ(of_file("hunter2\n").value(), "hunter2");
  EXPECT_EQ(of_file("hunter2\r\n").value(), "hunter2");
  EXPECT_EQ(of_file(" hunter 2 \n\n").value(), " hunter 2 \n") << "one line's end, and nothing else";
}

TEST_F(SecretPlaceTest, ReadsTheEnvironment) {
  ::setenv("TIDINGS_TEST_SECRET", "hunter2", 1);
  EXPECT_EQ(read_secret({.file = {}, .environment = "TIDINGS_TEST_SECRET"}, "password").value(), "hunter2");
  ::unsetenv("TIDINGS_TEST_SECRET");
  const auto gone = read_secret({.file = {}, .environment = "TIDINGS_TEST_SECRET"}, "password");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::invalid);
  EXPECT_THAT(gone.error().message,
              AllOf(HasSubstr("'password_env=TIDINGS_TEST_SECRET'"), HasSubstr("'password_file'")));
}

TEST_F(SecretPlaceTest, SaysWhatIsWrongWithAFile) {
  const auto none = read_secret({.file = missing(), .environment = {}}, "password");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, AllOf(HasSubstr("'password_file=" + missing()), HasSubstr("No such file")));
  EXPECT_THAT(of_file("\n").error().message, HasSubstr("is empty"));
  EXPECT_FALSE(read_secret({.file = "/", .environment = {}}, "password")) << "a directory";
}

TEST_F(SecretPlaceTest, TakesNoMoreThanItsLimit) {
  EXPECT_TRUE(of_file(std::string(kSecretBytesMax, 'x')));
  const auto more = of_file(std::string(kSecretBytesMax + 1, 'x'));
  ASSERT_FALSE(more);
  EXPECT_THAT(more.error().message, AllOf(HasSubstr("more than 65536 bytes"), Not(HasSubstr("xxx"))));
}

TEST_F(SecretPlaceTest, LooksWhetherAFileCanBeRead) {
  EXPECT_TRUE(check_readable("", "tls_ca"));
  EXPECT_TRUE(check_readable(file("x"), "tls_ca"));
  EXPECT_THAT(check_readable(missing(), "tls_ca").error().message, HasSubstr("'tls_ca=" + missing()));
  EXPECT_FALSE(check_readable("/", "tls_ca"));
}

}  // namespace
}  // namespace tidings::transport
