// A `local:` store in a directory of its own, as the benches use it: records of a given size, published by batches.
//
// Threads: any.
// Errors:  end the program with a message.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bare_loop.hpp"
#include "tidings/transport/linked.hpp"

namespace tidings::bench {

// What each record holds.
struct Content {
  std::size_t bytes = 0;  // what size_of() says of it; its body is filled up to that
  std::string body = {};  // instead
};

class LocalSide final {
 public:
  // Removes what is there.
  LocalSide(const std::filesystem::path& directory, std::shared_ptr<Executor> executor, Content content);
  ~LocalSide();

  const std::string& url() const { return url_; }
  transport::Transport& transport() { return *transport_; }

  using Records = std::vector<transport::Record>;
  Records records(int count);
  // Publishes one batch and waits until it is durable.
  void publish(Records batch);
  // Makes a group that begins at the end. It has no member afterwards.
  void subscribe(const std::string& group);
  // As receive_and_settle().
  Usage consume(const std::string& group, int count);

 private:
  transport::Record record();

  const std::filesystem::path directory_;
  const std::shared_ptr<Executor> executor_;
  const std::string url_;
  const Content content_;
  const std::unique_ptr<transport::Transport> transport_;
  const std::unique_ptr<transport::Publisher> publisher_;
  std::atomic<int> number_{0};
};

}  // namespace tidings::bench
