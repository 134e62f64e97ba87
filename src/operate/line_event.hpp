// From a line of input to an event to publish.
//
// Threads: pure but for the ids that it draws.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tidings/codec.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/record.hpp"

namespace tidings::operate {

// For what a line does not say.
struct LineDefaults {
  std::string type;
  std::optional<Key> key;
};

// Makes records of one topic.
class LineReader final {
 public:
  LineReader(Topic topic, LineDefaults defaults, Profile profile, Executor& executor);

  // A line is an envelope in either profile (it has an event id or an event type), or `{"type":T,"key":K,"data":...}`.
  // An envelope keeps what it says; what is missing is filled: id, time, correlation id (its own id).
  // corrupt: begins like JSON and is none. invalid: no type, no data or null, a member of the wrong kind; the message
  // is a path and a reason.
  Result<transport::Record> from_line(std::string_view line, Time now) const;

  // The line is the data alone.
  Result<transport::Record> from_data(std::string_view data, Time now) const;

 private:
  Result<transport::Record> record_of(Envelope envelope, const RawJson& data, Time now) const;

  Topic topic_;
  LineDefaults defaults_;
  Profile profile_;
  Executor& executor_;
  std::unique_ptr<const Codec> codec_;
};

}  // namespace tidings::operate
