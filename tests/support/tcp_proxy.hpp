// A proxy on loopback that stands between a test's clients and a server, and fails as networks do.
//
// Owns:    its port, its connections, and a thread.
// Threads: any.
// Limits:  keeps kBufferMax bytes of each direction of a connection; the rest waits with who sends it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace tidings::testing {

class TcpProxy final {
 public:
  static constexpr std::size_t kBufferMax = 64u << 10;

  TcpProxy();  // takes a free port; throws std::system_error
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const;
  // Where connections lead from now on: a port of loopback. Until the first call they are refused.
  void forward_to(std::uint16_t port);

  // All is well: what was held or refused goes on, at full speed.
  void mend();
  // Breaks all connections, once; new ones are taken.
  void cut();
  // Breaks all connections, and each new one at once.
  void refuse();
  // Connections stay, new ones are taken, and nothing comes through: a black hole.
  void hold();
  // So many bytes a second come through, in each direction of each connection.
  void slow_down(std::size_t bytes_per_second);

  // So many connections are there.
  std::size_t connections() const;
  // So many bytes came through so far, both directions together.
  std::uint64_t passed() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tidings::testing
