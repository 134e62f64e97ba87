#include "transport/local/storage/store_place.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/scratch_directory.hpp"

namespace tidings::local {
namespace {

using tidings::testing::ScratchDirectory;

transport::Place place_of(const std::filesystem::path& path) {
  return examine_local({.scheme = "local", .path = path}).value();
}

// A37: looking never creates a store.
TEST(StorePlace, IsNotDeployedWhereNoStoreWasMade) {
  const ScratchDirectory scratch;
  EXPECT_FALSE(place_of(scratch / "none").deployed);
  EXPECT_FALSE(place_of(scratch / "none").directory);
  EXPECT_FALSE(std::filesystem::exists(scratch / "none"));
  EXPECT_FALSE(place_of(scratch.path()).deployed);
  scratch.write("format", "tidings-local 1\n");
  EXPECT_TRUE(place_of(scratch.path()).deployed);
}

TEST(StorePlace, TellsOfItsDirectoryAndDisk) {
  const ScratchDirectory scratch;
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0700), 0);
  const transport::Place place = place_of(scratch.path());
  EXPECT_EQ(place.reach, transport::Reach::host);
  ASSERT_TRUE(place.directory);
  EXPECT_EQ(place.directory->path, scratch.path());
  EXPECT_EQ(place.directory->mode, 0700u);
  EXPECT_TRUE(place.directory->ours);
  EXPECT_GT(place.directory->disk_bytes, 0u);
}

}  // namespace
}  // namespace tidings::local
