// Publishes records as they are, whatever is in them: record_sender URL TOPIC, with a line of JSON for each on standard
// input: {key, value, headers: [{name, value}]}, bytes in base64, or null.
#include <boost/describe.hpp>
#include <iostream>
#include <mutex>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/json.hpp"
#include "tidings/transport/linked.hpp"

namespace interop {

struct Header {
  std::string name;
  std::optional<tidings::Bytes> value;
};
BOOST_DESCRIBE_STRUCT(Header, (), (name, value))

struct Line {
  std::optional<tidings::Bytes> key;
  std::optional<tidings::Bytes> value;
  std::vector<Header> headers;
};
BOOST_DESCRIBE_STRUCT(Line, (), (key, value, headers))

}  // namespace interop

namespace {

using namespace tidings;

std::optional<std::string> text_of(std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return std::move(bytes->data);
}

Result<std::vector<transport::Record>> read_records(const std::string& topic) {
  std::vector<transport::Record> records;
  for (std::string text; std::getline(std::cin, text);) {
    auto line = from_json<interop::Line>(text);
    if (!line) return line.error();
    transport::Record record{.topic = topic, .key = text_of(line->key), .body = text_of(line->value)};
    for (interop::Header& header : line->headers)
      record.headers.push_back({std::move(header.name), text_of(header.value)});
    records.push_back(std::move(record));
  }
  return records;
}

// Until all are confirmed; the first refusal.
Result<void> send(const std::string& url, const std::string& topic) {
  auto records = read_records(topic);
  if (!records) return records.error();
  const auto executor = thread_executor();
  const auto transport = transport::open(url, executor);
  if (!transport) return transport.error();
  std::mutex mutex;
  Result<void> outcome;
  const auto publisher = (*transport)->publisher({});
  if (!publisher) return publisher.error();
  (*publisher)->send(*std::move(records), [&](std::size_t, Result<void> answer) {
    const std::lock_guard lock{mutex};
    if (!answer && outcome) outcome = std::move(answer);
  });
  if (auto flushed = (*publisher)->flush(executor->now() + transport::PublisherOptions{}.deliver_within); !flushed)
    return flushed;
  const std::lock_guard lock{mutex};
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: record_sender URL TOPIC\n";
    return 2;
  }
  const auto sent = send(argv[1], argv[2]);
  if (!sent) std::cerr << sent.error().message << '\n';
  return sent ? 0 : 1;
}
