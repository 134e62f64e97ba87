package interop;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

/** Publishes events: the key is the aggregate's id, the headers say id, type and correlation id. */
final class EventPublisher implements AutoCloseable {
  private final KafkaProducer<String, String> producer;
  private final ObjectMapper json = Json.mapper();

  EventPublisher(String brokers) {
    producer = new KafkaProducer<>(settings(brokers), new StringSerializer(), new StringSerializer());
  }

  static Properties settings(String brokers) {
    Properties settings = new Properties();
    settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    settings.put(ProducerConfig.BATCH_SIZE_CONFIG, 16384);
    settings.put(ProducerConfig.LINGER_MS_CONFIG, 5);
    settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "snappy");
    return settings;
  }

  CompletableFuture<RecordMetadata> publish(String topic, Event event) throws JsonProcessingException {
    var record = new ProducerRecord<>(topic, event.getAggregateId(), json.writeValueAsString(event));
    record.headers()
        .add("eventId", event.getEventId().getBytes(UTF_8))
        .add("eventType", event.getEventType().getBytes(UTF_8))
        .add("correlationId", event.getCorrelationId().getBytes(UTF_8));
    var published = new CompletableFuture<RecordMetadata>();
    producer.send(record, (where, failure) -> {
      if (failure == null) {
        published.complete(where);
      } else {
        published.completeExceptionally(failure);
      }
    });
    return published;
  }

  @Override
  public void close() {
    producer.close();
  }
}
