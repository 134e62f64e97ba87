// A whole process: configuration, transport, handlers, signals, drain, logs, admin endpoint.
//
// See README for the form of a service. `run` blocks until the process should end and returns its exit code.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tidings/bus.hpp"
#include "tidings/contract.hpp"

namespace tidings {

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

  // A setting of the service's own: a flag (--NAME), an environment variable (NAME in capitals), a key of the file.
  // Read it in background() or in handlers, after run() began.
  void setting(std::string name, std::string meaning, std::string& value);

  // Flags, environment, TOML file; --help, --describe, --print-config. Exit codes: 0 done, 1 failed, 2 wrong usage,
  // 3 transport unavailable.
  int run(int argc, char** argv);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tidings
