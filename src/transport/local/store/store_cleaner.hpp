// Retention: erases what is settled by all and old or too much, frees what dead readers hold, and forgets what expired.
//
// A pass walks the events from the oldest one, in bounded steps; it ends where the events are younger than any topic's
// retention. They come by the clock, and at once when a publish found the store full. Every process of a store makes
// passes, one at a time more or less: who erases leaves a time in the store.
#pragma once

#include <memory>

namespace tidings::local {

class Store;
class StoreListener;

// `store` must live longer.
std::shared_ptr<StoreListener> clean_regularly(Store& store);

}  // namespace tidings::local
