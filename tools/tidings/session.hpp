// One run of the command line: the transport that was chosen, output and errors.
//
// Threads: one, but for line(), which any one thread at a time may call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "operate/rows.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/transport.hpp"
#include "tidings/transport/url.hpp"
#include "tools/tidings/surroundings.hpp"
#include "tools/tidings/table.hpp"

namespace tidings::cli {

// What a run ends with.
enum ExitCode {
  kDone = 0,
  kFailed = 1,       // it was tried and did not, or not wholly, succeed
  kUsage = 2,        // the command line, its environment or its file is wrong: nothing was tried
  kUnavailable = 3,  // the transport cannot be reached, or went away
};

// What stands before the command.
struct GlobalOptions {
  std::optional<std::string> transport;
  std::optional<std::string> config;
  bool json = false;
};

// Where the transport's URL came from.
enum class Origin { flag, environment, file, standard };

struct ChosenUrl {
  std::string text;
  Origin origin = Origin::standard;
};

enum class Store {
  existing,  // opening a local directory without a store is an error: looking must not create one
  created,   // it is made
};

class Session final {
 public:
  Session(Surroundings& surroundings, const GlobalOptions& options) : around_{surroundings}, options_{options} {}

  bool json() const { return options_.json; }
  Surroundings& around() { return around_; }
  Time now() const { return around_.executor->now(); }

  // Flag, else environment, else file, else `local:./.tidings`. The errors are wrong usage.
  Result<ChosenUrl> choose_url() const;

  // Opens the chosen transport. None: the error was printed, `code` is set.
  std::unique_ptr<transport::Transport> open(Store store, int& code);

  // ---- output

  // One line of output, pushed out at once. False: nobody reads any more.
  bool line(std::string_view text);
  void print(std::string_view text);
  void print(const Table& table);
  // One row as a JSON document.
  template <class Row>
  void print_json(const Row& row) {
    line(operate::json_line(row));
  }
  // For people only: nothing with --json.
  void note(std::string_view text);

  // Prints the error and says which exit code it makes.
  int fail(const Error& error);
  int usage(const Error& error);

 private:
  int refuse(const Error& error, int code);
  Result<void> expect_fit(const ChosenUrl& chosen, const transport::Url& url, Store store) const;
  int not_opened(const Error& error);

  Surroundings& around_;
  const GlobalOptions& options_;
};

}  // namespace tidings::cli
