// A whole process: configuration, transport, handlers, signals, drain, logs, admin endpoint.
//
// See README for the form of a service. `run` blocks until the process should end and returns its exit code.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tidings/bus.hpp"
#include "tidings/contract.hpp"
#include "tidings/log.hpp"

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

  // Flags, environment, TOML file; --help, --describe, --print-config. Exit codes: 0 done, 1 failed, 2 wrong usage,
  // 3 transport unavailable. Blocks until SIGTERM, SIGINT or stop(), then drains; a second signal ends the process at
  // once. Call it once. The process also ends here, with exit code 1, when something still runs at the drain's
  // deadline: it must not outlive what main() owns.
  int run(int argc, char** argv);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tidings
