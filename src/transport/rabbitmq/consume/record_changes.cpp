#include "transport/rabbitmq/consume/record_changes.hpp"

#include <utility>

namespace tidings::rabbitmq {

std::shared_ptr<RecordChanges> RecordChanges::begin(ControlStream& log, const std::shared_ptr<transport::Bell>& bell,
                                                    const std::vector<RecordChange>& changes) {
  auto begun = std::make_shared<RecordChanges>(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    log.put_async(ControlSpace::driver, changes[i].key, changes[i].value, {.expected = changes[i].expected},
                  [begun, i, bell](Result<std::uint64_t> version) {
                    begun->answer(i, std::move(version));
                    bell->ring();
                  });
  }
  return begun;
}

RecordChanges::RecordChanges(std::size_t count)
    : left_{count}, versions_(count, unavailable("the control stream has not answered yet")) {}

void RecordChanges::answer(std::size_t change, Result<std::uint64_t> version) {
  const std::lock_guard lock{mutex_};
  versions_[change] = std::move(version);
  --left_;
}

bool RecordChanges::are_answered() const {
  const std::lock_guard lock{mutex_};
  return left_ == 0;
}

void RecordChanges::wait(transport::Bell& bell, const std::function<bool()>& ends, Time deadline) const {
  while (true) {
    const std::uint64_t heard = bell.rings();  // before they are asked: what rings behind is heard
    if (are_answered() || ends()) return;
    bell.wait(heard, deadline);
    if (bell.rings() == heard) return;  // the deadline
  }
}

RecordVersions RecordChanges::versions() const {
  const std::lock_guard lock{mutex_};
  return versions_;
}

}  // namespace tidings::rabbitmq
