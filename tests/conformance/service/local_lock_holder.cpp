// Takes the writer lock of a store and keeps it until it is killed: local_lock_holder STORE. Says when it has it.
#include <unistd.h>

#include <iostream>

#include "transport/local/lmdb_environment.hpp"

int main(int argc, char** argv) {
  using namespace tidings::local;
  if (argc != 2) return 2;
  const auto environment = Environment::open(argv[1], 0, Sync::commit);
  if (!environment) {
    std::cerr << environment.error().message << std::endl;
    return 1;
  }
  const WriteTransaction transaction{**environment};
  if (!transaction.status()) {
    std::cerr << transaction.status().error().message << std::endl;
    return 1;
  }
  std::cout << "holding" << std::endl;
  for (;;) ::pause();
}
