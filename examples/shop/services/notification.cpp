// Sends the e-mails that it is told to send, and reads nothing else.
#include "events.hpp"
#include "store.hpp"
#include "tables.hpp"
#include "tidings/service.hpp"

using tidings::Context;
using tidings::Result;

namespace {

Result<void> send(const shop::SendEmail& email, Context& context) {
  auto stored = context.transaction<tidings::SqliteTransaction>().execute(
      "INSERT INTO emails VALUES (?, ?, ?)", context.aggregate_id(), email.recipient, email.subject);
  if (!stored) return stored.error();
  return context.publish(shop::NotificationSent{"email-" + context.aggregate_id(), "email"});
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = shop::read_run_settings();
  if (!settings) return shop::give_up(settings.error());
  const auto store = shop::open_store(*settings, "notification.db", shop::kNotificationTables);
  if (!store) return shop::give_up(store.error());

  tidings::Service service{"notification-service"};
  service.use(store->inbox);
  service.publishes<shop::NotificationSent>();
  service.on<shop::SendEmail>(send, settings->on());
  return service.run(argc, argv);
}
