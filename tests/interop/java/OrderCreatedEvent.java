package interop;

import java.math.BigDecimal;
import java.util.List;

public class OrderCreatedEvent extends Event {
  public record Item(String productId, int quantity, BigDecimal price) {}

  public record Order(String customerId, List<Item> items, BigDecimal totalAmount) {}

  private Order data;

  protected OrderCreatedEvent() {}

  public OrderCreatedEvent(String orderId, String correlationId, Order data) {
    super("OrderCreated", orderId, correlationId);
    this.data = data;
  }

  public Order getData() {
    return data;
  }
}
