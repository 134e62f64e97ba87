// A token for SASL OAUTHBEARER, of a file or a command, and when it ends.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "transport/kafka/client/security_options.hpp"

namespace tidings::kafka {

struct BearerToken {
  std::string value;
  std::string principal;  // what it says of us (`sub`), or `user`
  Time obtained{};
  Time expires{};
};

// What a JSON web token says of itself is taken, unverified: that is the broker's part. Any other text is a token, too,
// which ends after `token_lifetime`. invalid: none, or one that has ended, or characters that no token has.
Result<BearerToken> read_token(std::string_view text, Time now, const Security& security);

// Threads: any, at once; one of them gets a new token, the others wait for it.
// Blocks:  while the file is read or the command runs, kTokenCommandWithin at most.
class TokenSource final {
 public:
  TokenSource(Security security, std::shared_ptr<Executor> executor);

  // The last one, while less than half of its life is over; else a new one. unavailable: the command failed.
  Result<BearerToken> token();

 private:
  Result<BearerToken> fetch() const;

  const Security security_;
  const std::shared_ptr<Executor> executor_;
  const std::unique_ptr<Condition> fetched_;
  std::mutex mutex_;
  bool fetching_ = false;
  std::optional<BearerToken> last_;
};

}  // namespace tidings::kafka
