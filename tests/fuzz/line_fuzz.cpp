#include <string>
#include <vector>

#include "operate/line_event.hpp"
#include "operate/line_splitter.hpp"
#include "tests/fuzz/targets.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/event_record.hpp"

namespace tidings::fuzz {
namespace {

using testing::SimulatedExecutor;

constexpr std::size_t kLineMax = 256;

struct SplitLine {
  std::uint64_t number = 0;
  std::string text;
  bool too_long = false;

  friend bool operator==(const SplitLine&, const SplitLine&) = default;
};

std::vector<SplitLine> split(std::string_view input, std::size_t chunk) {
  operate::LineSplitter splitter{kLineMax};
  std::vector<SplitLine> lines;
  const auto keep = [&](const operate::InputLine& line) {
    lines.push_back({line.number, std::string{line.text}, line.too_long});
  };
  for (; !input.empty(); input.remove_prefix(std::min(chunk, input.size()))) splitter.add(input.substr(0, chunk), keep);
  splitter.finish(keep);
  return lines;
}

// What is made of a line is an event: the codec reads what the record says.
void check_record(const transport::Record& record, Profile profile) {
  hold(record.topic == "orders" && !record.type.empty() && !record.id.empty(), "an event has topic, type and id");
  hold(record.time && record.body, "an event has a time and a body");
  static const auto codec = json_codec();
  Envelope envelope;
  RawJson data;
  hold(codec->decode(profile, *record.body, envelope, describe<RawJson>(), &data), "what is published can be decoded");
  hold(envelope.id == record.id && envelope.type == record.type, "record and envelope agree");
}

}  // namespace

void line(std::string_view input) {
  static SimulatedExecutor executor{1};
  for (const Profile profile : {Profile::kafka, Profile::rabbitmq}) {
    const operate::LineReader reader{Topic{"orders"}, {.type = "OrderCreated", .key = Key{"o-1"}}, profile, executor};
    for (const auto& record : {reader.from_line(input, executor.now()), reader.from_data(input, executor.now())}) {
      says_why(record, input);
      if (record) check_record(*record, profile);
    }
  }
  const auto lines = split(input, input.size() + 1);
  hold(lines == split(input, 1), "lines do not depend on how their bytes come");
  hold(lines == split(input, 7), "lines do not depend on how their bytes come");
}

}  // namespace tidings::fuzz
