// A whole process: configuration, transport, handlers, signals, drain, logs, admin endpoint.
//
// Threads: declare handlers and settings before run(), by one thread; log() and stop() by any.
// See README for the form of a service. `run` blocks until the process should end and returns its exit code.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tidings/bus.hpp"
#include "tidings/contract.hpp"
#include "tidings/log.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// Whether --print-config shows a value. Names that speak of passwords, secrets and tokens are masked anyhow.
enum class Secrecy { open, secret };

class Service final : public Contract {
 public:
  explicit Service(std::string name);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // For every subscription that names none.
  void use(std::shared_ptr<Inbox> inbox);

  // Runs on a thread of its own once all subscriptions stand, and gets the stop token of the drain: for what a service
  // does besides handling (an HTTP server, a feed, an outbox relay). A failure ends the process with exit code 1.
  void background(std::string name, std::function<Result<void>(Bus&, std::stop_token)> body);

  // A setting of the service's own: a flag (--NAME), an environment variable (TIDINGS_NAME), a key of the file.
  // What `value` holds now is the default. Read it in background() or in handlers, after run() began.
  void setting(std::string name, std::string meaning, std::string& value, Secrecy secrecy = Secrecy::open);

  // Where the service's lines go, and those of its handlers; copy it at will. Lines before run() go to standard error
  // as JSON or, on a terminal, as text.
  const Log& log() const;

  // Ends run() as SIGTERM does, with exit code 0: for services that know when they are done. Any thread; returns at
  // once.
  void stop();

  // Flags, environment, TOML file; --help, --describe, --print-config. Blocks until SIGTERM, SIGINT or stop(), then
  // drains. Call it once. Exit codes:
  //     0  done         told to stop, and drained; or it printed what was asked for
  //     1  failed       background work failed; something still ran at the drain's deadline; the admin address is
  //                     taken; the store is damaged; another store is the group's inbox: the last line says which
  //     2  wrong usage  a flag, variable, file, transport URL or the contract itself; nothing was opened
  //     3  unavailable  the transport could not be reached at the start: worth another start later
  // 128+N  at once      a second signal, N, came during the drain
  // The process ends in here, without a return to main(), at a second signal and at the drain's deadline (at most 2.5 s
  // after it, whatever does not answer; 12.5 s where all is settled and only the transport does not close): what still
  // runs must not outlive what main() owns. A transport that goes away later ends nothing (P10).
  int run(int argc, char** argv);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tidings

#pragma GCC visibility pop
