// Control on the store.
#pragma once

#include <memory>

#include "tidings/transport/control.hpp"
#include "transport/local/store/local_store.hpp"

namespace tidings::local {

std::unique_ptr<transport::Control> make_control(std::shared_ptr<Store> store);

}  // namespace tidings::local
