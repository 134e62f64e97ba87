// A Context that notes what is published through it, and passes everything on.
//
// What stands for an output is what other services know it by: its id, type, key and data. An id that the handler did
// not give is derived (P7) from type, key and the ordinal within them, so these stand for it; the order between others
// makes no difference.
//
// Threads: the handler's.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tidings/context.hpp"

namespace tidings::testing {

// What one run published.
struct Heard {
  std::string digest;  // of all of it
  std::string text;    // a line an event, cut to kFindingTextMax
};

class ListeningContext final : public Context {
 public:
  explicit ListeningContext(Context& inner) : inner_{inner} {}

  const Envelope& envelope() const override { return inner_.envelope(); }
  std::string_view topic() const override { return inner_.topic(); }
  std::optional<std::string_view> key() const override { return inner_.key(); }
  int attempt() const override { return inner_.attempt(); }
  bool replayed() const override { return inner_.replayed(); }
  std::size_t batch_size() const override { return inner_.batch_size(); }
  Time now() const override { return inner_.now(); }
  std::stop_token stop() const override { return inner_.stop(); }

  Heard heard() const;

 protected:
  Result<void> publish(const EventType& type, const void* data, PublishOptions options) override;
  void* transaction(std::type_index type) override;

 private:
  Context& inner_;
  std::map<std::string, std::size_t> counts_;  // by type and key: of those without an id of their own
  std::vector<std::string> lines_;             // as many as the inner one takes
};

}  // namespace tidings::testing
