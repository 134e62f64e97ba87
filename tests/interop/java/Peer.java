package interop;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What the tests ask of a service in Java; lines of JSON in and out, bytes in base64.
 *
 * <pre>
 * publish BROKERS TOPIC              in: {orderId, correlationId, data}        out: {eventId, partition, offset}
 * handle BROKERS GROUP COUNT TOPIC   out: each event that a handler took; the customer "unlucky" is a failure
 * send BROKERS TOPIC                 in: {key, value, headers: [{name, value}]}    out: {partition, offset}
 * read BROKERS COUNT TOPIC           out: {topic, partition, offset, time, key, value, headers}
 * </pre>
 */
public final class Peer {
  private record Order(String orderId, String correlationId, OrderCreatedEvent.Order data) {}

  private record Field(String name, byte[] value) {}

  private record Raw(byte[] key, byte[] value, List<Field> headers) {}

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ObjectMapper json = Json.mapper();
  private static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  public static void main(String[] arguments) throws Exception {
    String brokers = arguments[1];
    switch (arguments[0]) {
      case "publish" -> publish(brokers, arguments[2]);
      case "handle" -> handle(brokers, arguments[2], Integer.parseInt(arguments[3]), arguments[4]);
      case "send" -> send(brokers, arguments[2]);
      case "read" -> read(brokers, Integer.parseInt(arguments[2]), arguments[3]);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    out.flush();
  }

  private static <T> List<T> lines(Class<T> type) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    List<T> all = new ArrayList<>();
    for (String line = in.readLine(); line != null; line = in.readLine()) all.add(json.readValue(line, type));
    return all;
  }

  private static ObjectNode where(RecordMetadata at) {
    return json.createObjectNode().put("partition", at.partition()).put("offset", at.offset());
  }

  private static void publish(String brokers, String topic) throws Exception {
    try (var publisher = new EventPublisher(brokers)) {
      for (Order order : lines(Order.class)) {
        var event = new OrderCreatedEvent(order.orderId(), order.correlationId(), order.data());
        out.println(where(publisher.publish(topic, event).get()).put("eventId", event.getEventId()));
      }
    }
  }

  private static void handle(String brokers, String group, int count, String topic) throws Exception {
    try (var consumer = new EventConsumer(brokers, group, List.of(topic))) {
      consumer.register("OrderCreated", OrderCreatedEvent.class, event -> {
        if (event.getData().customerId().equals("unlucky")) throw new IllegalStateException("no luck");
        out.println(json.writeValueAsString(event));
      });
      consumer.register(
          "PaymentCompleted", PaymentCompletedEvent.class, event -> out.println(json.writeValueAsString(event)));
      consumer.run(count, PATIENCE);
    }
  }

  private static void send(String brokers, String topic) throws Exception {
    var bytes = new ByteArraySerializer();
    try (var producer = new KafkaProducer<>(EventPublisher.settings(brokers), bytes, bytes)) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (Raw raw : lines(Raw.class)) {
        var record = new ProducerRecord<>(topic, raw.key(), raw.value());
        for (Field header : raw.headers()) record.headers().add(header.name(), header.value());
        sent.add(producer.send(record));
      }
      for (Future<RecordMetadata> each : sent) out.println(where(each.get()));
    }
  }

  private static void read(String brokers, int count, String topic) throws Exception {
    Properties settings = new Properties();
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    var bytes = new ByteArrayDeserializer();
    try (var consumer = new KafkaConsumer<>(settings, bytes, bytes)) {
      consumer.assign(
          consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList());
      Instant end = Instant.now().plus(PATIENCE);
      for (int seen = 0; seen < count; ) {
        if (Instant.now().isAfter(end)) throw new IllegalStateException("only " + seen + " of " + count + " came");
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          show(record);
          ++seen;
        }
      }
    }
  }

  private static void show(ConsumerRecord<byte[], byte[]> record) throws Exception {
    ObjectNode line = json.createObjectNode();
    line.put("topic", record.topic()).put("partition", record.partition()).put("offset", record.offset());
    line.put("time", record.timestamp()).put("key", record.key()).put("value", record.value());
    line.set("headers", json.valueToTree(
        Arrays.stream(record.headers().toArray()).map(h -> new Field(h.key(), h.value())).toList()));
    out.println(line);
  }
}
