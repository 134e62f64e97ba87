// Services at work, for tests in which servers fail under them, and what must be true of them in the end.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

// Two workers of one group and two feeders.
class Traffic : public ServiceConformance {
 protected:
  void begin_traffic();
  // Whether an event of each key that is published from now on is confirmed, and handled, in time.
  bool all_flows(Duration within);
  // What of an event may stand in a topic: a publisher whose client dies of what the servers lost sends again, in
  // order, what was not confirmed.
  enum class Stands { once, again };
  // Ends the feeders, and waits until all that was confirmed is handled. Then: nothing that was confirmed is lost or
  // doubled, each key was in order, no event paid for it, and the services are those that were started.
  void expect_the_books_to_balance(Stands stands = Stands::once);
  // As within(), for what takes long to look at.
  bool look_until(Duration within, const std::function<bool()>& done);
  void pass(Duration time) { executor().sleep_until(now() + time); }

 private:
  std::map<std::string, int> highest(const std::string& step, const std::string& group);
  void tell_of(const std::string& key, const std::map<std::string, int>& before);
};

}  // namespace tidings::conformance
