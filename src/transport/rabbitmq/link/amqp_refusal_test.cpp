#include "transport/rabbitmq/link/amqp_refusal.hpp"

#include <amqp_framing.h>
#include <gmock/gmock.h>

namespace tidings::rabbitmq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Error refused(amqp_method_number_t method, const std::string& what) {
  const std::string words = "ACCESS_REFUSED - access to " + what + " in vhost 'shop' refused for user 'anna'";
  return error_of({.code = AMQP_ACCESS_REFUSED, .method = method, .words = words}, "do it");
}

TEST(AmqpRefusalTest, NamesTheRightThatIsMissingAndHowItIsGiven) {
  const Error error = refused(AMQP_QUEUE_DECLARE_METHOD, "queue 'orders'");
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_THAT(
      error.message,
      AllOf(HasSubstr("could not do it: user 'anna' lacks the right to configure queue 'orders' in virtual host "
                      "'shop'"),
            HasSubstr("`rabbitmqctl set_permissions -p shop anna CONFIGURE WRITE READ`"), HasSubstr("`declare=no`")));
  for (const auto& [method, what, right] : std::vector<std::tuple<amqp_method_number_t, std::string, std::string>>{
           {AMQP_EXCHANGE_DECLARE_METHOD, "exchange 'e'", "configure exchange 'e'"},
           {AMQP_QUEUE_DECLARE_METHOD, "exchange 'e'", "write to exchange 'e'"},
           {AMQP_QUEUE_BIND_METHOD, "queue 'q'", "write to queue 'q'"},
           {AMQP_QUEUE_BIND_METHOD, "exchange 'e'", "read from exchange 'e'"},
           {AMQP_BASIC_PUBLISH_METHOD, "exchange 'amq.default'", "write to exchange 'amq.default'"},
           {AMQP_BASIC_CONSUME_METHOD, "queue 'q'", "read from queue 'q'"}}) {
    EXPECT_THAT(refused(method, what).message, HasSubstr("lacks the right to " + right)) << method;
  }
  EXPECT_THAT(refused(AMQP_BASIC_PUBLISH_METHOD, "exchange 'e'").message, Not(HasSubstr("declare=no")));
}

TEST(AmqpRefusalTest, UnderstandsServersThatNameTheRight) {
  const std::string words = "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'anna'";
  EXPECT_THAT(error_of({.code = AMQP_ACCESS_REFUSED, .method = AMQP_QUEUE_DECLARE_METHOD, .words = words}, "x").message,
              HasSubstr("lacks the right to configure queue 'q'"));
}

TEST(AmqpRefusalTest, IsOfTheKindThatSaysWhatToDo) {
  const auto kind = [](std::uint16_t code, std::string_view words = "x") {
    return error_of({.code = code, .words = words}, "x").kind;
  };
  EXPECT_EQ(kind(AMQP_NOT_FOUND), ErrorKind::invalid);
  EXPECT_EQ(kind(AMQP_NOT_FOUND, "home node of queue is down or inaccessible"), ErrorKind::unavailable);
  EXPECT_EQ(kind(AMQP_PRECONDITION_FAILED), ErrorKind::conflict);
  EXPECT_EQ(kind(AMQP_RESOURCE_LOCKED), ErrorKind::conflict);
  EXPECT_EQ(kind(AMQP_RESOURCE_ERROR), ErrorKind::overloaded);
  EXPECT_EQ(kind(AMQP_CONNECTION_FORCED), ErrorKind::unavailable);
}

TEST(AmqpRefusalTest, ALogInSaysWhatToCheck) {
  AmqpOptions options;
  options.vhost = "shop";
  options.security.user = "anna";
  options.security.password.file = "/run/secret";
  const auto text = [&](std::uint16_t code, std::string_view words) {
    const Error error = login_error({.code = code, .words = words}, options, {.host = "here", .port = 1});
    EXPECT_EQ(error.kind, ErrorKind::invalid);
    return error.message;
  };
  EXPECT_THAT(
      text(AMQP_ACCESS_REFUSED, "Login was refused"),
      AllOf(HasSubstr("at here:1 refuses user 'anna'"), HasSubstr("the password of `password_file=/run/secret`")));
  EXPECT_THAT(text(AMQP_NOT_ALLOWED, "NOT_ALLOWED - vhost shop not found"),
              AllOf(HasSubstr("no virtual host 'shop'"), HasSubstr("`rabbitmqctl add_vhost shop`")));
  EXPECT_THAT(text(AMQP_NOT_ALLOWED, "NOT_ALLOWED - access to vhost 'shop' refused for user 'anna'"),
              AllOf(HasSubstr("user 'anna' may not enter"), HasSubstr("set_permissions -p shop anna")));
  EXPECT_THAT(text(AMQP_NOT_ALLOWED, "NOT_ALLOWED - vhost 'shop' is full"), HasSubstr("is full"));
  options.security.sasl = Sasl::external;
  options.security.trust.cert = "/our.pem";
  EXPECT_THAT(text(AMQP_ACCESS_REFUSED, "Login was refused"),
              AllOf(HasSubstr("`tls_cert=/our.pem`"), HasSubstr("`ssl_cert_login_from`")));
}

TEST(AmqpRefusalTest, TellsWhereARefusedMessageWasSent) {
  EXPECT_EQ(exchange_in(refused(AMQP_BASIC_PUBLISH_METHOD, "exchange 'shop.events'").message), "shop.events");
  EXPECT_EQ(exchange_in(refused(AMQP_BASIC_PUBLISH_METHOD, "exchange 'amq.default'").message), "");
}

TEST(AmqpRefusalTest, ReadsWhatIsSetOtherwise) {
  const auto of = [](const std::string& tail) {
    return difference_of(
        "could not: PRECONDITION_FAILED - inequivalent arg 'x' for queue 'a: received ' in vhost '/': " + tail);
  };
  EXPECT_EQ(of("received '6' but current is '5'"), (Difference{"x", "5", "", "6"}));
  EXPECT_EQ(of("received none but current is the value '9' of type 'signedint'"),
            (Difference{"x", "9", "signedint", ""}));
  EXPECT_EQ(of("received the value 'true' of type 'bool' but current is none"), (Difference{"x", "", "", "true"}));
  EXPECT_FALSE(difference_of("PRECONDITION_FAILED - unknown delivery tag 3"));
  EXPECT_FALSE(of("received the value 'cut o")) << "the server's words have 255 bytes";
  EXPECT_EQ(text_of(Difference{"x", "5", "", "6"}), "x is '5', and '6' is wanted");
  EXPECT_EQ(text_of(Difference{"x", "9", "long", ""}), "x is '9', and none is wanted");
  EXPECT_EQ(text_of(Difference{"x", "", "", "6"}), "x is not set, and '6' is wanted");
}

}  // namespace
}  // namespace tidings::rabbitmq
