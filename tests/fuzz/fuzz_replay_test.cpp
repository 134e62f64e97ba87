// Every file of the corpora goes through its function: the seeds, and what fuzzing found (docs: README.md).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/targets.hpp"

namespace tidings::fuzz {
namespace {

void replay(const std::string& target, void (*function)(std::string_view)) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{std::filesystem::path{TIDINGS_FUZZ_CORPUS} / target}) {
    SCOPED_TRACE(entry.path());
    std::ifstream file{entry.path(), std::ios::binary};
    ASSERT_TRUE(file);
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    function(bytes);
    ++files;
  }
  EXPECT_GT(files, 3u);
}

TEST(FuzzReplay, EventBodies) {
  replay("event", event);
}
TEST(FuzzReplay, LinesToPublish) {
  replay("line", line);
}
TEST(FuzzReplay, TextsOfPeople) {
  replay("text", text);
}
TEST(FuzzReplay, Urls) {
  replay("url", url);
}
TEST(FuzzReplay, Configurations) {
  replay("configuration", configuration);
}
TEST(FuzzReplay, StoreValues) {
  replay("store", store);
}
TEST(FuzzReplay, ControlRecords) {
  replay("control", control);
}
#ifdef TIDINGS_FUZZ_KAFKA
TEST(FuzzReplay, CommitMetadata) {
  replay("commit", commit);
}
TEST(FuzzReplay, KafkaMessages) {
  replay("kafka", kafka);
}
#endif
#ifdef TIDINGS_FUZZ_RABBITMQ
TEST(FuzzReplay, RabbitMqMessages) {
  replay("amqp", amqp);
}
#endif

}  // namespace
}  // namespace tidings::fuzz
