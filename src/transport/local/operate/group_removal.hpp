// The removal of a group, in transactions of bounded size.
#pragma once

#include <string_view>

#include "tidings/result.hpp"
#include "transport/local/store/local_store.hpp"

namespace tidings::local {

// Forgets the group, its positions, retries and dead letters. conflict: it has live members. invalid: there is none.
Result<void> remove_group(Store& store, std::string_view group);

}  // namespace tidings::local
