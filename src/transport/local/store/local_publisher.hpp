// The publisher, and what publishing means here: encoded by the caller, appended by the writer.
#pragma once

#include <memory>

#include "tidings/transport/transport.hpp"
#include "transport/local/store/local_store.hpp"
#include "transport/local/tables/record_codec.hpp"

namespace tidings::local {

inline constexpr std::size_t kRecordBytesMax = 1u << 20;  // Capabilities::record_bytes_max

// Encodes a record for its topic and partition. invalid: the topic is not declared, or the record too large.
Result<void> add_record(Store& store, const transport::Record& record, EncodedBatch& batch);

std::unique_ptr<transport::Publisher> make_publisher(std::shared_ptr<Store> store,
                                                     const transport::PublisherOptions& options);

}  // namespace tidings::local
