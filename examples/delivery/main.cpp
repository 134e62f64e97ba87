// Pull one, settle it: no thread of the library handles anything here, and every decision is the program's.
#include <boost/describe.hpp>
#include <iostream>
#include <string>

#include "tidings/bus.hpp"
#include "tidings/delivery.hpp"
#include "tidings/transport/linked.hpp"

using namespace std::chrono_literals;

struct ParcelPosted {
  std::string to;
  int grams = 0;
};
BOOST_DESCRIBE_STRUCT(ParcelPosted, (), (to, grams))
template <>
inline constexpr tidings::EventInfo tidings::event_info<ParcelPosted>{.type = "ParcelPosted", .topic = "parcels"};

struct ParcelDelivered {
  std::string to;
};
BOOST_DESCRIBE_STRUCT(ParcelDelivered, (), (to))
template <>
inline constexpr tidings::EventInfo tidings::event_info<ParcelDelivered>{.type = "ParcelDelivered",
                                                                         .topic = "receipts"};

int fail(const tidings::Error& error) {
  std::cerr << error.message << '\n';
  return 1;
}

// What becomes of a parcel is up to us. Leaving a delivery unsettled releases it: somebody gets it again.
tidings::Result<void> carry(tidings::Delivery& delivery, tidings::Time now) {
  const auto parcel = delivery.as<ParcelPosted>();
  if (!parcel) return delivery.dead_letter(tidings::Reason::undecodable, parcel.error());
  std::cout << "to " << parcel->to << ", " << parcel->grams << " g: ";
  if (parcel->grams > 1'000) {
    std::cout << "too heavy, a dead letter\n";
    return delivery.dead_letter(tidings::Reason::rejected, tidings::invalid("more than 1,000 g; post it as freight"));
  }
  if (delivery.attempts().failed == 0) {
    std::cout << "nobody at home, again in a moment\n";
    return delivery.retry_at(now + 10ms, tidings::RetryOrder::strict, tidings::unavailable("nobody at home"));
  }
  std::cout << "delivered\n";
  if (auto published = delivery.publish(ParcelDelivered{parcel->to}); !published) return published;
  return delivery.accept();  // and with it, what was published
}

int main(int argc, char** argv) {
  const auto executor = tidings::thread_executor();
  auto opened = tidings::transport::open(argc > 1 ? argv[1] : "memory:", executor);
  if (!opened) return fail(opened.error());
  const std::shared_ptr<tidings::transport::Transport> transport = *std::move(opened);

  tidings::Bus sender{transport, executor, {.name = "sender"}};
  sender.publishes<ParcelPosted>();
  if (auto started = sender.start(); !started) return fail(started.error());
  for (const ParcelPosted& parcel : {ParcelPosted{"ada", 200}, ParcelPosted{"grace", 5'000}}) {
    if (auto posted = sender.publish(parcel, {.key = "the tour"}); !posted) return fail(posted.error());
  }

  auto puller = tidings::Puller::open(*transport, *executor, {.group = "carrier", .topic = "parcels"},
                                      {.publishes = tidings::event_types<ParcelDelivered>()});
  if (!puller) return fail(puller.error());
  for (int settlements = 0; settlements < 3; ++settlements) {
    auto pulled = puller->pull(executor->now() + 10s);
    if (!pulled) return fail(pulled.error());
    if (!*pulled) return fail(tidings::unavailable("nothing came within 10 s"));
    if (auto settled = carry(**pulled, executor->now()); !settled) return fail(settled.error());
  }
}
