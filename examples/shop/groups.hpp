// Who reads what in the shop: what the live view lists and the books are made up for.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace shop {

// One service: its group, and what the group reads and handles there. Types that it does not handle are skipped.
struct ServiceEntry {
  std::string_view group;
  std::string_view program;   // beside the demo's own
  std::string_view database;  // in the run's directory
  std::span<const std::string_view> topics;
  std::span<const std::string_view> types;

  bool reads(std::string_view topic) const { return std::ranges::find(topics, topic) != topics.end(); }
  bool handles(std::string_view type) const { return std::ranges::find(types, type) != types.end(); }
};

inline constexpr std::string_view kEventTopics[] = {"orders", "payments", "inventory", "notifications"};
inline constexpr std::string_view kDestination = "emails";
inline constexpr std::string_view kTopics[] = {"orders", "payments", "inventory", "emails", "notifications"};

namespace detail {
inline constexpr std::string_view kOrderTopics[] = {"payments", "inventory"};
inline constexpr std::string_view kOrderTypes[] = {"PaymentFailed", "InventoryReserved"};
inline constexpr std::string_view kPaymentTopics[] = {"orders"};
inline constexpr std::string_view kPaymentTypes[] = {"OrderCreated"};
inline constexpr std::string_view kInventoryTopics[] = {"payments"};
inline constexpr std::string_view kInventoryTypes[] = {"PaymentCompleted"};
inline constexpr std::string_view kNotificationTopics[] = {"emails"};
inline constexpr std::string_view kNotificationTypes[] = {"SendEmail"};
inline constexpr std::string_view kEventTypes[] = {"OrderCreated", "PaymentCompleted", "PaymentFailed",
                                                   "InventoryReserved", "NotificationSent"};
}  // namespace detail

inline constexpr std::array kServices{
    ServiceEntry{"order-service", "shop-order", "order.db", detail::kOrderTopics, detail::kOrderTypes},
    ServiceEntry{"payment-service", "shop-payment", "payment.db", detail::kPaymentTopics, detail::kPaymentTypes},
    ServiceEntry{"inventory-service", "shop-inventory", "inventory.db", detail::kInventoryTopics,
                 detail::kInventoryTypes},
    ServiceEntry{"notification-service", "shop-notification", "notification.db", detail::kNotificationTopics,
                 detail::kNotificationTypes},
    ServiceEntry{"analytics-service", "shop-analytics", "analytics.db", kEventTopics, detail::kEventTypes},
    ServiceEntry{"audit-service", "shop-audit", "audit.db", kEventTopics, detail::kEventTypes},
};

}  // namespace shop
