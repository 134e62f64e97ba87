// The Control records inside a transaction.
//
// Format:  docs/formats/local.md, tree `control`.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/control.hpp"
#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

// As Control::put, get and list. `now` decides what has expired.
Result<std::uint64_t> put_control(WriteTransaction& transaction, std::string_view key,
                                  std::optional<std::string_view> value, const transport::PutOptions& options,
                                  Time now);
std::optional<transport::ControlRecord> get_control(Transaction& transaction, std::string_view key, Time now);
std::vector<transport::ControlRecord> list_control(Transaction& transaction, std::string_view prefix, Time now);

// A value of the tree; what is cut off is empty.
transport::ControlRecord decode_control(Bytes key, Bytes value);

// The number of the latest change, for Control::watch: never 0.
std::uint64_t last_control_change(Transaction& transaction);

bool any_expired_control(Transaction& transaction, Time now);
// Erases at most `limit` records that have expired; returns how many.
std::size_t erase_expired_control(WriteTransaction& transaction, Time now, std::size_t limit);

}  // namespace tidings::local
