// How a consumer joins its group.
#pragma once

#include <memory>

#include "tidings/transport/transport.hpp"
#include "transport/local/store/local_store.hpp"

namespace tidings::local {

Result<std::unique_ptr<transport::Consumer>> join(const std::shared_ptr<Store>& store,
                                                  const transport::SubscriptionSpec& spec);

}  // namespace tidings::local
