// The embedded durable transport: `local:DIR`.
#pragma once

#include <memory>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/transport.hpp"
#include "tidings/transport/url.hpp"
#include "transport/local/storage/local_options.hpp"  // describe_local()

namespace tidings::local {

// Opens or creates the store of the directory. Several opens of one directory in one process share it.
// invalid: an option, the directory, or other options than those of an open in this process. unsupported: another
// format version, a network file system. corrupt: the store is damaged.
Result<std::unique_ptr<transport::Transport>> open_local(const transport::Url& url, std::shared_ptr<Executor> executor);

}  // namespace tidings::local
