// P6: a damaged record is reported, neither fatal nor skipped in silence.
#include <fstream>
#include <iterator>

#include "transport/local/storage/store_verification.hpp"
#include "transport/local/store_lab.hpp"
#include "transport/local/tables/record_codec.hpp"

namespace tidings::local {
namespace {

class DamageTest : public StoreLab {
 protected:
  // Overwrites the beginning of the first occurrence in the closed store's file.
  void damage(const std::string& text, const std::string& by) {
    const std::string path = directory_ + "/data.mdb";
    std::ifstream in{path, std::ios::binary};
    std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    in.close();
    const std::size_t at = bytes.find(text);
    ASSERT_NE(at, std::string::npos);
    std::fstream{path, std::ios::binary | std::ios::in | std::ios::out}.seekp(static_cast<std::streamoff>(at)) << by;
  }
};

TEST_F(DamageTest, OfABodyComesAsADeliveryThatSaysSo) {
  declare({.name = "orders"});
  auto record = numbered(1);
  record.body = "a body to be found";
  {
    const auto publisher = transport_->publisher({}).value();
    publisher->send({record, numbered(2)}, [](std::size_t, const Result<void>&) {});
    ASSERT_TRUE(publisher->flush(late()));
  }
  close();
  damage("a body to be found", "A");
  open();
  const auto consumer = join({.group = "g", .topic = "orders"});
  auto deliveries = receive(*consumer, 2);
  ASSERT_EQ(deliveries.size(), 2u);
  if (deliveries[0].record.id == "2") std::swap(deliveries[0], deliveries[1]);
  EXPECT_TRUE(transport::last_header(deliveries[0].record.headers, kDamagedHeader));
  ASSERT_TRUE(deliveries[0].record.body);
  EXPECT_NE(deliveries[0].record.body->find("A body to be found"), std::string_view::npos);
  EXPECT_EQ(deliveries[1].record.id, "2");
  // It can be buried as it is, and is shown so.
  for (const auto& result : settle(*consumer, {deliveries[0]}, transport::Bury{.reason = "undecodable"})) {
    EXPECT_TRUE(result);
  }
  const auto letters = transport_->operations().dead_letters->browse({}, "", 10).value();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].record.body, deliveries[0].record.body);
}

// E2: pages that are lost, or in each other's place, are found by a child process: it ends, however they lead it
// astray.
TEST_F(DamageTest, OfPagesIsFoundByReadingThemThrough) {
  declare({.name = "orders"});
  publish(1, 2'000);
  close();
  ASSERT_TRUE(verify_store(directory_));
  const std::string path = directory_ + "/data.mdb";
  std::ifstream in{path, std::ios::binary};
  const std::string whole{std::istreambuf_iterator<char>{in}, {}};
  constexpr std::size_t kPage = 4'096;
  int found = 0;
  int tried = 0;
  for (std::size_t page = 2; page + 1 < whole.size() / kPage; page += 3, ++tried) {
    std::string bytes = whole;
    bytes.replace(page * kPage, kPage,
                  page % 2 == 0 ? std::string(kPage, '\0') : whole.substr((page + 1) * kPage, kPage));
    std::ofstream{path, std::ios::binary} << bytes;
    const auto verified = verify_store(directory_);
    if (verified) continue;
    EXPECT_EQ(verified.error().kind, ErrorKind::corrupt) << page;
    ++found;
  }
  EXPECT_GT(found, tried / 2) << "the others are free pages";
  std::ofstream{path, std::ios::binary} << whole;
  EXPECT_TRUE(verify_store(directory_));
}

TEST_F(DamageTest, OfAHeaderIsReportedOnceAndTheRestGoesOn) {
  declare({.name = "orders"});
  publish(1, 3);
  close();
  // The header of the second: version 1, flags 3; its partition is of its key.
  std::string stored;
  encode_record(numbered(2), 1, partition_of("key-2", 64), stored);
  damage(stored.substr(0, 8), "\x01\x03\x7f");
  open();
  const auto consumer = join({.group = "g", .topic = "orders"});
  std::size_t received = 0;
  std::vector<Error> faults;
  const Time deadline = late();
  while ((received < 2 || faults.empty()) && executor_->now() < deadline) {
    const auto batch = consumer->receive(10, deadline);
    if (batch) {
      received += batch->deliveries.size();
    } else {
      faults.push_back(batch.error());
    }
  }
  EXPECT_EQ(received, 2u);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].kind, ErrorKind::corrupt);
  EXPECT_NE(faults[0].message.find("event 2"), std::string::npos) << faults[0].message;
}

}  // namespace
}  // namespace tidings::local
