package interop;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import java.time.Instant;
import java.util.UUID;

/** What all events of such a service have: the members that its reader knows, and no others. */
@JsonAutoDetect(fieldVisibility = Visibility.ANY, getterVisibility = Visibility.NONE)
public abstract class Event {
  private String eventId = UUID.randomUUID().toString();
  private String eventType;
  private Instant timestamp = Instant.now();
  private String aggregateId;
  private int version; // 0, as such services leave it
  private String correlationId;
  private String causationId;

  protected Event() {}

  protected Event(String eventType, String aggregateId, String correlationId) {
    this.eventType = eventType;
    this.aggregateId = aggregateId;
    this.correlationId = correlationId;
  }

  public String getEventId() {
    return eventId;
  }

  public String getEventType() {
    return eventType;
  }

  public String getAggregateId() {
    return aggregateId;
  }

  public String getCorrelationId() {
    return correlationId;
  }
}
