#include "transport/local/member/leaving.hpp"

#include <utility>

#include "transport/local/member/local_member.hpp"
#include "transport/local/storage/limits.hpp"

namespace tidings::local {

namespace {

// Held by its own thread, which lets it go when the member has left.
class Leaving final : public std::enable_shared_from_this<Leaving> {
 public:
  Leaving(std::shared_ptr<Store> store, std::shared_ptr<Member> member)
      : store_{std::move(store)}, member_{std::move(member)} {}

  void start() {
    thread_ = store_->executor().spawn("local-leave", [self = shared_from_this()] { self->run(); });
  }

 private:
  void run() {
    while (!member_->leave(kChangeWithin)) store_->executor().sleep_until(store_->now() + kRetryReviewAfter);
  }

  const std::shared_ptr<Store> store_;
  const std::shared_ptr<Member> member_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace

void leave(std::shared_ptr<Store> store, std::shared_ptr<Member> member) {
  if (member->leave(transport::kCloseWithin)) return;
  std::make_shared<Leaving>(std::move(store), std::move(member))->start();
}

}  // namespace tidings::local
