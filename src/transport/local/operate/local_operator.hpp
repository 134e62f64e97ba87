// What operators may ask of a store.
#pragma once

#include <memory>

#include "tidings/transport/operator.hpp"
#include "transport/local/store/local_store.hpp"

namespace tidings::local {

std::unique_ptr<transport::Topology> make_topology(std::shared_ptr<Store> store);
std::unique_ptr<transport::DeadLetters> make_dead_letters(std::shared_ptr<Store> store);
std::unique_ptr<transport::History> make_history(std::shared_ptr<Store> store);
std::unique_ptr<transport::Backup> make_backup(std::shared_ptr<Store> store);

}  // namespace tidings::local
