// Walks a whole tree in reads of bounded length: one long read would keep every page that is freed meanwhile from being
// reused, and a store at work would grow by what is written during it.
//
// So what is seen is of no single moment: each entry is seen once at most; what comes or goes during the walk is seen
// or not.
#pragma once

#include <string>

#include "transport/local/storage/limits.hpp"
#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

// Calls `visit(transaction, key, value)` for the entries of `tree` from the key `from` on (empty: all), in order, until
// it returns false. Nothing it is given may be kept.
template <class Visit>
Result<void> walk_tree(Environment& environment, Tree tree, std::string from, const Visit& visit) {
  ReadTransaction transaction{environment};
  bool seen = false;  // `from`
  for (bool more = true; more;) {
    {
      TreeCursor cursor{transaction, tree};
      more = from.empty() ? cursor.first() : cursor.seek(from);
      if (more && seen && cursor.key() == from) more = cursor.next();
      for (std::size_t i = 1; more; ++i) {
        if (!visit(transaction, cursor.key(), cursor.value())) return transaction.status();
        if (i == kWalkRecordsMax) break;
        more = cursor.next();
      }
      if (more) from = cursor.key();
      seen = true;
    }
    if (more) transaction.renew();
  }
  return transaction.status();
}

}  // namespace tidings::local
