// Takes the writer lock of a store and keeps it until it is killed: local_lock_holder STORE [LOCK]. Says when it has
// it. LOCK `gate` (the default): as every writer of ours does; `lmdb`: without the gate, as a foreign program might;
// `state`: no lock, but the state of the store as it is, which it reads.
#include <unistd.h>

#include <iostream>
#include <optional>
#include <string_view>

#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/storage/wake_file.hpp"

namespace {

using namespace tidings::local;

constexpr tidings::Duration kPatience = std::chrono::seconds{10};

int fail(std::string_view what) {
  std::cerr << what << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return 2;
  const auto wake = WakeFile::open(argv[1]);
  if (!wake) return fail(wake.error().message);
  const std::string_view lock = argc == 2 ? "gate" : argv[2];
  if (lock == "gate" && !(*wake)->enter_gate(kPatience)) return fail("the gate is closed");
  const auto environment = Environment::open(argv[1], 0, Sync::commit);
  if (!environment) return fail(environment.error().message);
  std::optional<ReadTransaction> reader;
  std::optional<WriteTransaction> writer;
  const Transaction& transaction =
      lock == "state" ? static_cast<Transaction&>(reader.emplace(**environment)) : writer.emplace(**environment);
  if (!transaction.status()) return fail(transaction.status().error().message);
  std::cout << "holding" << std::endl;
  for (;;) ::pause();
}
