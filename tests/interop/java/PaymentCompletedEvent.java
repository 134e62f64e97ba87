package interop;

import java.math.BigDecimal;

public class PaymentCompletedEvent extends Event {
  public record Payment(String customerId, BigDecimal amount) {}

  private Payment data;

  protected PaymentCompletedEvent() {}

  public Payment getData() {
    return data;
  }
}
