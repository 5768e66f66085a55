import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Kafka's own client. Arguments: in servers topic output.jsonl | through servers topic outTopic | out servers topic records.
 * Views per ad and 10 s with Jackson and a HashMap, written when the topic is read; or records of 150 bytes sent with acks=all, idempotent.
 */
public class KafkaPeer {
  static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneOffset.UTC);

  public static void main(String[] a) throws Exception {
    long records;
    double seconds;
    if (a[0].equals("out")) {
      records = Long.parseLong(a[3]);
      String filler = "x".repeat(123);
      try (KafkaProducer<byte[], byte[]> p = producer(a[1])) {
        p.partitionsFor(a[2]);
        long began = System.nanoTime();
        for (long i = 0; i < records; i++) send(p, a[2], "{\"id\":" + (1_000_000 + i) + ",\"filler\":\"" + filler + "\"}");
        p.flush();
        seconds = (System.nanoTime() - began) / 1e9;
      }
    } else {
      Map<Long, Map<String, long[]>> windows = new HashMap<>();
      long began = System.nanoTime();
      records = read(a[1], a[2], windows);
      List<String> rows = new ArrayList<>();
      windows.forEach((w, ads) -> ads.forEach((ad, n) ->
          rows.add("{\"ad_id\":\"" + ad + "\",\"window_start\":\"" + TIME.format(Instant.ofEpochMilli(w)) + "\",\"view_count\":" + n[0] + "}")));
      if (a[0].equals("in")) {
        try (BufferedWriter out = Files.newBufferedWriter(Path.of(a[3]))) {
          for (String row : rows) out.append(row).append('\n');
        }
      } else {
        try (KafkaProducer<byte[], byte[]> p = producer(a[1])) {
          for (String row : rows) send(p, a[3], row);
          p.flush();
        }
      }
      seconds = (System.nanoTime() - began) / 1e9;
    }
    System.out.println("{\"records\":" + records + ",\"seconds\":" + seconds + "}");
  }

  static KafkaProducer<byte[], byte[]> producer(String servers) {
    Properties p = new Properties();
    p.put("bootstrap.servers", servers);
    p.put("acks", "all");
    p.put("enable.idempotence", "true");
    p.put("batch.size", "131072");
    p.put("linger.ms", "5");
    p.put("key.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    p.put("value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    return new KafkaProducer<>(p);
  }

  static void send(KafkaProducer<byte[], byte[]> p, String topic, String value) {
    p.send(new ProducerRecord<>(topic, value.getBytes(StandardCharsets.UTF_8)));
  }

  static long read(String servers, String topic, Map<Long, Map<String, long[]>> windows) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", servers);
    p.put("max.poll.records", "5000");
    p.put("key.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
    p.put("value.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
    ObjectMapper json = new ObjectMapper();
    long records = 0;
    try (KafkaConsumer<byte[], byte[]> c = new KafkaConsumer<>(p)) {
      List<TopicPartition> partitions = c.partitionsFor(topic).stream().map(i -> new TopicPartition(topic, i.partition())).toList();
      c.assign(partitions);
      c.seekToBeginning(partitions);
      long left = c.endOffsets(partitions).values().stream().mapToLong(Long::longValue).sum();
      while (records < left) {
        for (ConsumerRecord<byte[], byte[]> r : c.poll(Duration.ofMillis(500))) {
          records++;
          JsonNode e = json.readTree(r.value());
          if (!e.get("event_type").textValue().equals("view")) continue;
          long time = e.get("event_time").longValue();
          windows.computeIfAbsent(time - time % 10_000, w -> new HashMap<>()).computeIfAbsent(e.get("ad_id").textValue(), ad -> new long[1])[0]++;
        }
      }
    }
    return records;
  }
}
