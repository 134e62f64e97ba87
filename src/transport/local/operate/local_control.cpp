#include "transport/local/operate/local_control.hpp"

#include "base/countdown.hpp"
#include "transport/driver/pattern_topics.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/tables/control_table.hpp"

namespace tidings::local {

using transport::Control;
using transport::ControlRecord;
using transport::kPublishedPrefix;
using transport::PutOptions;

namespace {

class LocalControl final : public Control {
 public:
  explicit LocalControl(std::shared_ptr<Store> store) : store_{std::move(store)} {}

  Result<std::uint64_t> put(std::string_view key, std::optional<std::string_view> value,
                            const PutOptions& options) override {
    std::uint64_t version = 0;
    const auto done = store_->committer().perform([&](Commit& commit) -> Result<void> {
      const auto put = put_control(commit.transaction(), key, value, options, commit.now());
      if (!put) return put.error();
      version = *put;
      commit.announce(key.starts_with(kPublishedPrefix) ? kControlChanged | kTopicsChanged : kControlChanged);
      return {};
    });
    if (!done) return done.error();
    return version;
  }

  Result<std::optional<ControlRecord>> get(std::string_view key) override {
    ReadTransaction transaction{store_->environment()};
    auto record = get_control(transaction, key, store_->now());
    if (!transaction.status()) return transaction.status().error();
    return record;
  }

  Result<std::vector<ControlRecord>> list(std::string_view prefix) override {
    ReadTransaction transaction{store_->environment()};
    auto records = list_control(transaction, prefix, store_->now());
    if (!transaction.status()) return transaction.status().error();
    return records;
  }

  Result<std::uint64_t> watch(std::uint64_t seen, Time deadline) override {
    const Deadline end{store_->executor(), deadline};
    for (;;) {
      const auto bell = store_->wake().seen();
      const auto last = last_change();
      if (!last || *last > seen || seen == 0 || end.reached()) return last;
      store_->wake().wait(bell, std::min(end.at() - store_->now(), kLookAgainAfter));
    }
  }

 private:
  Result<std::uint64_t> last_change() {
    ReadTransaction transaction{store_->environment()};
    const std::uint64_t last = last_control_change(transaction);
    if (!transaction.status()) return transaction.status().error();
    return last;
  }

  const std::shared_ptr<Store> store_;
};

}  // namespace

std::unique_ptr<Control> make_control(std::shared_ptr<Store> store) {
  return std::make_unique<LocalControl>(std::move(store));
}

}  // namespace tidings::local
