// What a store holds, and how far its groups are, counted by walking its trees (tree_walk.hpp).
//
// Counted beside services at work, it is of no single moment: where the groups stand and which event is the newest is
// read first, so what they settle meanwhile still counts as unsettled, and what is published meanwhile does not count;
// what is parked or buried meanwhile counts at its old place, its new one, at both or at none. In a store at rest it is
// exact.
//
// Threads: any. Blocks: on reads only, never on a writer. No read lasts longer than kWalkRecordsMax entries.
#pragma once

#include <functional>
#include <vector>

#include "tidings/transport/operator.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/tables/topic_catalog.hpp"

namespace tidings::local {

// `begun`, for tests: called once it is read where the groups stand.
Result<std::vector<transport::LagState>> count_lag(Environment& environment, const Catalog& catalog, Time now,
                                                   const std::function<void()>& begun = {});
Result<std::vector<transport::TopicState>> count_topics(Environment& environment, const Catalog& catalog);

}  // namespace tidings::local
