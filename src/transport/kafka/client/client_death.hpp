// What ends a client of librdkafka for good, and whether the next one would do better.
#pragma once

#include "transport/kafka/client/rdkafka.hpp"

namespace tidings::kafka {

// Why it is dead; no error: it lives.
rd_kafka_resp_err_t death_of(rd_kafka_t* client);

// The client's end, not the message's: a new client may well deliver it.
bool is_of_the_client(rd_kafka_resp_err_t code);

// The next client would die of it, too.
bool is_of_all_clients(rd_kafka_resp_err_t death);

}  // namespace tidings::kafka
