// What each service of the shop publishes and handles: its main() declares it to a Service, a test to a Harness.
//
// All of them store what they do in the transaction of an inbox, on the service's tables (tables.hpp).
#pragma once

#include "bank.hpp"
#include "run_settings.hpp"
#include "tidings/contract.hpp"

namespace shop {

void declare_order(tidings::Contract& service, const RunSettings& settings);
// `bank` outlives the service.
void declare_payment(tidings::Contract& service, const RunSettings& settings, const Bank& bank);
void declare_inventory(tidings::Contract& service, const RunSettings& settings);
void declare_notification(tidings::Contract& service, const RunSettings& settings);
void declare_analytics(tidings::Contract& service, const RunSettings& settings);
void declare_audit(tidings::Contract& service, const RunSettings& settings);

}  // namespace shop
