// Sends the e-mails that it is told to send, and reads nothing else.
#include "events.hpp"
#include "handlers.hpp"
#include "tidings/sqlite.hpp"

using tidings::Context;
using tidings::Result;

namespace shop {

namespace {

Result<void> send(const SendEmail& email, Context& context) {
  auto stored = context.transaction<tidings::SqliteTransaction>().execute(
      "INSERT INTO emails VALUES (?, ?, ?)", context.aggregate_id(), email.recipient, email.subject);
  if (!stored) return stored.error();
  return context.publish(NotificationSent{"email-" + context.aggregate_id(), "email"});
}

}  // namespace

void declare_notification(tidings::Contract& service, const RunSettings& settings) {
  service.publishes<NotificationSent>();
  service.on<SendEmail>(send, settings.on());
}

}  // namespace shop
