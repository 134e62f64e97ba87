// E7: what the two runs of a handler publish, and the limits of a report.
#include <gmock/gmock.h>

#include <set>

#include "testing/sample_bookshop.hpp"

namespace bookshop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tidings::Context;
using tidings::Contract;
using tidings::Result;
using tidings::testing::FaultFinding;
using tidings::testing::Harness;
using Kind = FaultFinding::Kind;

// What a handler publishes is known to others by its id, and under that id by its data.
struct OutputsCase {
  std::string name;
  std::function<Result<void>(Context&, int run)> publish;
  bool found = false;
  std::string second = {};  // a part of what the finding shows of the second run
};

void PrintTo(const OutputsCase& one, std::ostream* stream) {
  *stream << one.name;
}

class OutputsOfTwoRuns : public ::testing::TestWithParam<OutputsCase> {};

TEST_P(OutputsOfTwoRuns, AreCompared) {
  int run = 0;
  Harness harness{[&](Contract& service) {
    service.publishes<BookReserved, BookReturned>();
    service.on<BookOrdered>([&](const BookOrdered&, Context& context) { return GetParam().publish(context, ++run); });
  }};
  order(harness, "Emma", 2);

  const auto report = harness.run_with_faults(1);

  EXPECT_GE(report.compared, 1u) << report;
  if (!GetParam().found) {
    EXPECT_TRUE(report.clean()) << report;
    return;
  }
  EXPECT_THAT(report.findings, ElementsAre(AllOf(Field(&FaultFinding::kind, Kind::outputs),
                                                 Field(&FaultFinding::second, HasSubstr(GetParam().second)))))
      << report;
}

const OutputsCase kOutputsCases[] = {
    {"TheSame",
     [](Context& context, int) {
       return context.publish(BookReserved{"r", 1});
     }},
    {"InAnotherOrder",
     [](Context& context, int run) {
       const auto first = run % 2 == 0 ? context.publish(BookReserved{"r", 1}) : context.publish(BookReturned{"Emma"});
       if (!first) return first;
       return run % 2 == 0 ? context.publish(BookReturned{"Emma"}) : context.publish(BookReserved{"r", 1});
     }},
    {"WithAnotherIdEachTime",
     [](Context& context, int run) {
       return context.publish(BookReserved{"r", 1}, {.id = "random-" + std::to_string(run)});
     },
     true, "id 'random-2'"},
    {"WithOtherDataUnderTheSameId",
     [](Context& context, int run) {
       return context.publish(BookReserved{"r-" + std::to_string(run), 1});
     },
     true, R"(BookReserved v1 key 'Emma' no. 1: {"reservation":"r-2","copies":1})"},
    {"WithOneMore",
     [](Context& context, int run) {
       const auto first = context.publish(BookReserved{"r", 1});
       return run == 1 || !first ? first : context.publish(BookReserved{"r", 2});
     },
     true, R"(no. 2: {"reservation":"r","copies":2})"},
    {"Nothing",
     [](Context& context, int run) {
       return run == 1 ? context.publish(BookReserved{"r", 1}) : Result<void>{};
     },
     true, "nothing"},
};

INSTANTIATE_TEST_SUITE_P(RunWithFaults, OutputsOfTwoRuns, ::testing::ValuesIn(kOutputsCases),
                         [](const auto& each) { return each.param.name; });

TEST(RunWithFaults, LosesSoManySettlementsAndNoMore) {
  std::set<std::string> handled;
  Harness harness{[&](Contract& service) {
    service.on<BookOrdered>([&](const BookOrdered& book) { handled.insert(book.title); }, {.in_flight_max = 8});
  }};
  constexpr std::size_t kEvents = tidings::testing::kLossesMax + 100;
  for (std::size_t i = 0; i < kEvents; ++i) order(harness, "book " + std::to_string(i), 1);

  const auto report = harness.run_with_faults(1);

  EXPECT_EQ(report.losses, tidings::testing::kLossesMax);
  EXPECT_GE(report.without_fault, 100u);
  EXPECT_THAT(report.text(), HasSubstr(std::to_string(report.without_fault) + " handled once only: kLossesMax"));
  EXPECT_THAT(handled, SizeIs(kEvents));
}

TEST(RunWithFaults, ListsSoManyFindingsAndCountsTheRest) {
  int sum = 0;
  Harness harness{[&](Contract& service) {
    service.on<BookOrdered>([&](const BookOrdered& book) { sum += book.copies; }, {.in_flight_max = 8});
  }};
  for (std::size_t i = 0; i < tidings::testing::kFindingsMax + 10; ++i) order(harness, "book " + std::to_string(i), 1);

  const auto report = harness.run_with_faults(1, [&] { return std::to_string(sum); });

  EXPECT_THAT(report.findings, SizeIs(tidings::testing::kFindingsMax));
  EXPECT_EQ(report.findings_left_out, 10u);
  EXPECT_THAT(report.text(), HasSubstr("110 findings"));
}

}  // namespace
}  // namespace bookshop
