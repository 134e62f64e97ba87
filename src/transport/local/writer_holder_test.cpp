// A37: what is said about who has the writer.
#include "transport/local/writer_holder.hpp"

#include <gmock/gmock.h>

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
  EXPECT_THAT(describe_holder({.pid = 71, .ours = true, .awaits_lock = true}), HasSubstr("fuser"));
  EXPECT_THAT(describe_holder({}), HasSubstr("try again"));
}

}  // namespace
}  // namespace tidings::local
