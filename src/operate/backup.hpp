// A copy of the whole deployment.
//
// Threads: any. Blocks: until the copy is made.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>

#include "operate/rows.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::operate {

struct BackupReport {
  std::string transport;    // the URL that opens the copy
  std::string directory;    // absolute
  Time begun{};             // what was confirmed or settled before this is in it
  std::uint64_t bytes = 0;  // of the copy
  double seconds = 0;       // that it took
};
BOOST_DESCRIBE_STRUCT(BackupReport, (), (transport, directory, begun, bytes, seconds))

// Errors: transport::Backup::make. unsupported: the transport makes none.
Result<BackupReport> make_backup(transport::Transport& transport, const Executor& executor,
                                 const std::string& directory, const transport::BackupProgress& progress);

}  // namespace tidings::operate
