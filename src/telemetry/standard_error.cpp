#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "tidings/log.hpp"

namespace tidings {
namespace {

// The end of the pipe, on spdlog's thread.
class Descriptor final : public spdlog::sinks::sink {
 public:
  Descriptor(int descriptor, const std::shared_ptr<Executor>& executor)
      : descriptor_{descriptor}, executor_{executor}, changed_{executor->condition()} {}

  void log(const spdlog::details::log_msg& message) override {
    line_.assign(message.payload.data(), message.payload.size());
    line_ += '\n';
    put(line_);
    const std::lock_guard lock{mutex_};
    ++left_;
    changed_->notify_all();
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  // `lines()` is how many must have left.
  bool wait_for(const std::function<std::uint64_t()>& lines, Time deadline) {
    std::unique_lock lock{mutex_};
    return changed_->wait_until(lock, deadline, *executor_, [&] { return left_ >= lines(); });
  }

 private:
  // A standard error that is gone loses its lines: there is nowhere left to complain.
  void put(std::string_view text) const {
    while (!text.empty()) {
      const auto written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno != EINTR) return;
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  const int descriptor_;
  const std::shared_ptr<Executor> executor_;
  const std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  std::uint64_t left_ = 0;
  std::string line_;
};

// spdlog brings the bounded queue that drops its oldest line, and the thread behind it.
class StandardError final : public LogSink {
 public:
  explicit StandardError(const std::shared_ptr<Executor>& executor)
      : out_{std::make_shared<Descriptor>(STDERR_FILENO, executor)} {}

  void write(LogLevel, std::string line) override {
    start();
    posted_.fetch_add(1, std::memory_order_relaxed);
    logger_->log(spdlog::level::info, spdlog::string_view_t{line.data(), line.size()});
  }

  bool flush(Time deadline) override {
    const std::uint64_t posted = posted_.load(std::memory_order_relaxed);
    return out_->wait_for([&] { return posted - std::min(posted, dropped()); }, deadline);
  }

  std::uint64_t dropped() const override {
    return started_.load(std::memory_order_acquire) ? pool_->overrun_counter() : 0;
  }

 private:
  // At the first line: a program that only prints its --help starts no thread.
  void start() {
    std::call_once(once_, [this] {
      pool_ = std::make_shared<spdlog::details::thread_pool>(kLogQueueMax, 1);
      logger_ = std::make_shared<spdlog::async_logger>("", out_, pool_, spdlog::async_overflow_policy::overrun_oldest);
      started_.store(true, std::memory_order_release);
    });
  }

  const std::shared_ptr<Descriptor> out_;
  std::once_flag once_;
  std::atomic<bool> started_ = false;
  std::atomic<std::uint64_t> posted_ = 0;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

std::shared_ptr<LogSink> standard_error_sink(const std::shared_ptr<Executor>& executor) {
  return std::make_shared<StandardError>(executor);
}

}  // namespace tidings
