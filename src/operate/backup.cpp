#include "operate/backup.hpp"

#include <fmt/format.h>

#include "operate/topology.hpp"

namespace tidings::operate {

Result<BackupReport> make_backup(transport::Transport& transport, const Executor& executor,
                                 const std::string& directory, const transport::BackupProgress& progress) {
  const auto backup = backup_of(transport);
  if (!backup) return backup.error();
  const Time begun = executor.now();
  const auto made = (*backup)->make(directory, progress);
  if (!made) return made.error();
  return BackupReport{.transport = foreign_name(fmt::format("{}:{}", transport.capabilities().scheme, made->directory)),
                      .directory = foreign_name(made->directory),
                      .begun = made->begun,
                      .bytes = made->bytes,
                      .seconds = std::chrono::duration<double>(executor.now() - begun).count()};
}

}  // namespace tidings::operate
