#include "transport/kafka/client/client_death.hpp"

#include <array>

namespace tidings::kafka {

rd_kafka_resp_err_t death_of(rd_kafka_t* client) {
  std::array<char, 1> words{};
  return rd_kafka_fatal_error(client, words.data(), words.size());
}

bool is_of_the_client(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return true;
    default:
      return false;
  }
}

bool is_of_all_clients(rd_kafka_resp_err_t death) {
  return death == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

}  // namespace tidings::kafka
