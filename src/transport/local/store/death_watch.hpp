// Sees the death of other members' processes at once, and reaps them.
//
// Owns:    a thread that waits on the processes (pidfd), and their descriptors.
// Limits:  one descriptor a process of the store. Where there are no more, a process is looked at once a second.
#pragma once

#include <memory>

namespace tidings::local {

class Store;
class StoreListener;

// `store` must live longer.
std::shared_ptr<StoreListener> watch_deaths(Store& store);

}  // namespace tidings::local
