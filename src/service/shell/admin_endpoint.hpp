// A small HTTP server for those who watch a service: /healthz, /readyz, /metrics.
//
// Owns:    its socket, a thread that accepts, and kAdminThreads that answer.
// Limits:  one request a connection, each within kAdminPatience between its bytes; connections beyond kAdminWaiting
// wait
//          in the kernel. No encryption and no login: it listens where it is told, by default nowhere.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "service/configuration/builtin_settings.hpp"
#include "tidings/executor.hpp"

namespace tidings::service {

inline constexpr std::size_t kAdminThreads = 3;
inline constexpr std::size_t kAdminWaiting = 32;
inline constexpr std::chrono::seconds kAdminPatience{5};
inline constexpr std::chrono::milliseconds kAdminCloseWithin{500};

struct AdminResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

// By path; each may run on several threads at once.
using AdminPages = std::map<std::string, std::function<AdminResponse()>>;

class AdminEndpoint final {
 public:
  // Listens when it returns. unavailable: the address is taken, or not ours.
  static Result<std::unique_ptr<AdminEndpoint>> open(const std::shared_ptr<Executor>& executor,
                                                     const AdminAddress& address, AdminPages pages);
  // Finishes what it answers. A client that is still slow after kAdminCloseWithin is left to threads that no page runs
  // on any more; they end when it does.
  ~AdminEndpoint();
  AdminEndpoint(const AdminEndpoint&) = delete;
  AdminEndpoint& operator=(const AdminEndpoint&) = delete;

  int port() const;

 private:
  class State;
  explicit AdminEndpoint(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace tidings::service
