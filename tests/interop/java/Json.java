package interop;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;

/** Jackson as it comes: unknown members are errors, and an Instant is a number of seconds with its fraction. */
final class Json {
  private Json() {}

  static ObjectMapper mapper() {
    SimpleModule times = new SimpleModule();
    times.addSerializer(Instant.class, new JsonSerializer<>() {
      @Override
      public void serialize(Instant time, JsonGenerator to, SerializerProvider all) throws IOException {
        to.writeNumber(BigDecimal.valueOf(time.getEpochSecond()).add(BigDecimal.valueOf(time.getNano(), 9)));
      }
    });
    times.addDeserializer(Instant.class, new JsonDeserializer<>() {
      @Override
      public Instant deserialize(JsonParser from, DeserializationContext all) throws IOException {
        return Instant.parse(from.getText());
      }
    });
    return new ObjectMapper().registerModule(times);
  }
}
