#include "tests/fuzz/targets.hpp"
#include "tidings/transport/url.hpp"
#include "transport/local/storage/local_options.hpp"
#ifdef TIDINGS_FUZZ_KAFKA
#include "transport/kafka/client/kafka_options.hpp"
#endif
#ifdef TIDINGS_FUZZ_RABBITMQ
#include "transport/rabbitmq/link/amqp_options.hpp"
#endif

namespace tidings::fuzz {
namespace {

void says_why(const auto& outcome) {
  hold(outcome || !outcome.error().message.empty(), "a refusal says why");
}

}  // namespace

void url(std::string_view input) {
  const auto parsed = transport::parse_url(input);
  says_why(parsed);
  if (!parsed) return;
  hold(!parsed->scheme.empty(), "a URL has a scheme");
  says_why(local::options_from(*parsed));
#ifdef TIDINGS_FUZZ_KAFKA
  says_why(kafka::options_from(*parsed));
#endif
#ifdef TIDINGS_FUZZ_RABBITMQ
  says_why(rabbitmq::options_from(*parsed));
#endif
}

}  // namespace tidings::fuzz
