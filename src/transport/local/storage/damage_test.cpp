// P6: a damaged record is reported, neither fatal nor skipped in silence.
#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <functional>
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
    std::string bytes = file();
    const std::size_t at = bytes.find(text);
    ASSERT_NE(at, std::string::npos);
    bytes.replace(at, by.size(), by);
    write(bytes);
  }
  std::string file() const {
    std::ifstream in{path_, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  void write(const std::string& bytes) const { std::ofstream{path_, std::ios::binary} << bytes; }
  void expect_damaged() const {
    const auto verified = verify_store(directory_);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().kind, ErrorKind::corrupt);
    EXPECT_THAT(verified.error().message, ::testing::HasSubstr("restore a backup"));
  }

  static constexpr std::size_t kPage = 4'096;
  const std::string path_ = directory_ + "/data.mdb";
};

// As LMDB lays it out.
template <class Number>
Number number_at(const std::string& bytes, std::size_t at) {
  Number number{};
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

template <class Number>
void set_number(std::string& bytes, std::size_t at, Number number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
}

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
  const std::string whole = file();
  int found = 0;
  int tried = 0;
  for (std::size_t page = 2; page + 1 < whole.size() / kPage; page += 3, ++tried) {
    std::string bytes = whole;
    bytes.replace(page * kPage, kPage,
                  page % 2 == 0 ? std::string(kPage, '\0') : whole.substr((page + 1) * kPage, kPage));
    write(bytes);
    const auto verified = verify_store(directory_);
    if (verified) continue;
    EXPECT_EQ(verified.error().kind, ErrorKind::corrupt) << page;
    ++found;
  }
  EXPECT_GT(found, tried / 2) << "the others are free pages";
  write(whole);
  EXPECT_TRUE(verify_store(directory_));
}

// E2: each page reads well, and two of its entries have changed places.
TEST_F(DamageTest, OfTheOrderOfKeysIsFound) {
  declare({.name = "orders"});
  ASSERT_EQ(publish(1, 2'000), 2'000);
  close();
  // A page: number (8 bytes), pad (2), flags (2), ends of the free room (2, 2), then a place in it for each entry.
  constexpr std::size_t kFlagsAt = 10, kPlacesAt = 16;
  constexpr std::uint16_t kLeaf = 2;
  std::string bytes = file();
  int changed = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kPage) {
    const bool of_events = bytes.substr(at, kPage).find("key-1") != std::string::npos;
    if (!of_events || number_at<std::uint16_t>(bytes, at + kFlagsAt) != kLeaf) continue;
    const auto first = number_at<std::uint16_t>(bytes, at + kPlacesAt);
    set_number(bytes, at + kPlacesAt, number_at<std::uint16_t>(bytes, at + kPlacesAt + 2));
    set_number(bytes, at + kPlacesAt + 2, first);
    ++changed;
  }
  ASSERT_GT(changed, 10);
  write(bytes);
  expect_damaged();
}

// E2: all pages are there and in order, and a tree should have one entry more.
TEST_F(DamageTest, OfTheNumberOfEntriesIsFound) {
  declare({.name = "orders"});
  ASSERT_EQ(publish(1, 2'000), 2'000);
  close();
  // Behind a tree's name: pad (4), flags (2), depth (2), three numbers of pages (24), then its entries (8).
  constexpr std::size_t kEntriesBehind = 32;
  const std::string name = "events";
  std::string bytes = file();
  int changed = 0;
  for (std::size_t at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at + 1)) {
    const std::size_t entries = at + name.size() + kEntriesBehind;
    if (number_at<std::uint64_t>(bytes, entries) != 2'000) continue;
    set_number<std::uint64_t>(bytes, entries, 2'001);
    ++changed;
  }
  ASSERT_GT(changed, 0);
  write(bytes);
  expect_damaged();
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
