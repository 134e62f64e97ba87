// Publishes lines of input, confirmed one by one, with bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "operate/line_event.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::operate {

// Read and not yet reported.
inline constexpr std::size_t kPublishLinesMax = 10'000;
inline constexpr std::size_t kPublishBytesMax = 32u << 20;
// Longer lines are refused by number.
inline constexpr std::size_t kPublishLineMax = 16u << 20;
// Read at once; what comes in one read goes out as one batch.
inline constexpr std::size_t kPublishChunk = 256u << 10;
// Types that --create-topic declares in one run; lines of others are refused by number.
inline constexpr std::size_t kPublishTypesMax = 1'000;

enum class MissingTopic {
  refuse,  // an error that names the topics that there are
  create,  // declared, and with it the types that are published on it, so that patterns match them
};

enum class LineForm { events, data };  // data: the only line is the data of one event

struct PublishRequest {
  Topic topic;
  LineDefaults defaults;
  LineForm form = LineForm::events;
  MissingTopic missing_topic = MissingTopic::refuse;
};

// What became of one line. Lines of spaces are passed over.
struct PublishedLine {
  std::uint64_t line = 0;
  std::string id;  // empty: the line was no event
  std::optional<Error> error;
};

struct PublishTotals {
  std::uint64_t confirmed = 0;
  std::uint64_t refused = 0;
  // The transport refused for a reason that will not go away by itself (unavailable, overloaded), or somebody asked to
  // stop: lines after this one were not read.
  std::optional<std::uint64_t> stopped_after;
};

struct PublishPorts {
  // The next bytes of input, waiting for at least one; 0: the end.
  std::function<Result<std::size_t>(std::span<char>)> read;
  // Each line, in the order of their outcomes. On one thread, not the caller's.
  std::function<void(const PublishedLine&)> on_line;
  // Whether to stop reading.
  std::function<bool()> stop = [] { return false; };
};

// Blocks until every line that was read is confirmed or refused.
// invalid: no such topic. unavailable: the input cannot be read, or the transport is gone.
Result<PublishTotals> publish_lines(transport::Transport& transport, const std::shared_ptr<Executor>& executor,
                                    const PublishRequest& request, const PublishPorts& ports);

}  // namespace tidings::operate
