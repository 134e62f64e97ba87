// A37: what is said about who has the writer.
#include "transport/local/storage/writer_holder.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace tidings::local {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(WriterHolder, IsNamedWithWhatToDo) {
  EXPECT_THAT(describe_holder({.pid = 71, .stopped = true}),
              AllOf(HasSubstr("process 71"), HasSubstr("is stopped"), HasSubstr("kill -CONT 71")));
  EXPECT_THAT(describe_holder({.pid = 71}), AllOf(HasSubstr("process 71"), Not(HasSubstr("stopped"))));
  EXPECT_THAT(describe_holder({.pid = 71, .ours = true}), HasSubstr("look at the disk"));
  EXPECT_THAT(describe_holder({.directory = "/d", .pid = 71, .ours = true, .awaits_lock = true}),
              HasSubstr("fuser -v '/d/lock.mdb'"));
  EXPECT_THAT(describe_holder({.directory = "/d", .gate_fault = ENOTRECOVERABLE}), HasSubstr("remove '/d/wake'"));
  EXPECT_THAT(describe_holder({}), HasSubstr("try again"));
}

// Who waits inside the gate itself holds nothing that its end would free.
TEST(WriterHolder, IsNotBlamedForAnothersLock) {
  EXPECT_THAT(
      describe_holder({.directory = "/d", .pid = 71, .awaits_lock = true}),
      AllOf(HasSubstr("fuser -v '/d/lock.mdb'"), HasSubstr("process 71 waits"), Not(HasSubstr("process 71 holds"))));
}

}  // namespace
}  // namespace tidings::local
