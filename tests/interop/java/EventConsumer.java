package interop;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Hands each event once to the handler of its type; what fails goes to the dead letters of its topic. */
final class EventConsumer implements AutoCloseable {
  interface EventHandler<T extends Event> {
    void handle(T event) throws Exception;
  }

  private record Registered<T extends Event>(Class<T> type, EventHandler<T> handler) {
    void handle(ObjectMapper json, String value) throws Exception {
      handler.handle(json.readValue(value, type));
    }
  }

  private final KafkaConsumer<String, String> consumer;
  private final KafkaProducer<String, String> deadLetters;
  private final Map<String, Registered<?>> handlers = new HashMap<>();
  private final Set<String> handled = new HashSet<>();
  private final List<Future<RecordMetadata>> buried = new ArrayList<>();
  private final ObjectMapper json = Json.mapper();

  EventConsumer(String brokers, String group, List<String> topics) {
    Properties settings = new Properties();
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 100);
    consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    consumer.subscribe(topics);
    deadLetters =
        new KafkaProducer<>(EventPublisher.settings(brokers), new StringSerializer(), new StringSerializer());
  }

  <T extends Event> void register(String eventType, Class<T> type, EventHandler<T> handler) {
    handlers.put(eventType, new Registered<>(type, handler));
  }

  /** Until so many records were seen; an error when that takes too long. */
  void run(int count, Duration patience) throws Exception {
    Instant end = Instant.now().plus(patience);
    for (int seen = 0; seen < count; ) {
      if (Instant.now().isAfter(end)) throw new IllegalStateException("only " + seen + " of " + count + " came");
      for (var record : consumer.poll(Duration.ofMillis(100))) {
        process(record);
        ++seen;
      }
      for (var each : buried) each.get(); // before the offsets say that all is done
      buried.clear();
      consumer.commitSync();
    }
  }

  private void process(ConsumerRecord<String, String> record) {
    Registered<?> registered = handlers.get(header(record, "eventType"));
    if (registered == null || !handled.add(header(record, "eventId"))) return;
    try {
      registered.handle(json, record.value());
    } catch (Exception failure) {
      bury(record, failure);
    }
  }

  private void bury(ConsumerRecord<String, String> record, Exception failure) {
    var letter = new ProducerRecord<>(record.topic() + ".dlq", null, record.key(), record.value(), record.headers());
    letter.headers()
        .add("errorType", failure.getClass().getName().getBytes(UTF_8))
        .add("errorMessage", String.valueOf(failure.getMessage()).getBytes(UTF_8));
    buried.add(deadLetters.send(letter));
  }

  private static String header(ConsumerRecord<?, ?> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), UTF_8);
  }

  @Override
  public void close() {
    consumer.close();
    deadLetters.close();
  }
}
