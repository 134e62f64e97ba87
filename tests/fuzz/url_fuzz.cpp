#include <string>

#include "service/configuration/secrets.hpp"
#include "tests/fuzz/targets.hpp"
#include "tidings/transport/url.hpp"
#include "transport/local/storage/local_options.hpp"
#include "transport/memory/memory_options.hpp"
#ifdef TIDINGS_FUZZ_KAFKA
#include "transport/kafka/client/kafka_options.hpp"
#endif
#ifdef TIDINGS_FUZZ_RABBITMQ
#include "transport/rabbitmq/link/amqp_options.hpp"
#endif

namespace tidings::fuzz {
namespace {

// All that it says, without its percents: any bytes.
std::string decoded(const transport::Url& url) {
  std::string all = url.authority + url.path;
  for (const auto& [name, value] : url.options) all += name + value;
  return all;
}

}  // namespace

void url(std::string_view input) {
  const std::string masked = service::mask_url(input);
  hold(service::mask_url(masked) == masked, "what is masked stays as it is");
  const auto parsed = transport::parse_url(input);
  says_why(parsed, input);
  if (!parsed) return;
  hold(!parsed->scheme.empty(), "a URL has a scheme");
  const std::string said = decoded(*parsed);
  says_why(local::options_from(*parsed), said);
  says_why(memory::memory_options(*parsed), said);
#ifdef TIDINGS_FUZZ_KAFKA
  says_why(kafka::options_from(*parsed), said);
#endif
#ifdef TIDINGS_FUZZ_RABBITMQ
  says_why(rabbitmq::options_from(*parsed), said);
#endif
}

}  // namespace tidings::fuzz
