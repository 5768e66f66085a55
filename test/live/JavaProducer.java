import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Produces with Kafka's own client, so that the reader meets batches that kafkajs did not make.
 * Arguments: servers, topic, compression, transactional id or '-', then one record each: key|timestamp|header|value, where '~' is null;
 * 'COMMIT' and 'ABORT' end a transaction.
 */
public class JavaProducer {
  public static void main(String[] a) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", a[0]);
    p.put("compression.type", a[2]);
    p.put("linger.ms", "1000");
    p.put("key.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    p.put("value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    boolean transactional = !a[3].equals("-");
    if (transactional) p.put("transactional.id", a[3]);
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p)) {
      if (transactional) producer.initTransactions();
      boolean open = false;
      for (int i = 4; i < a.length; i++) {
        if (a[i].equals("COMMIT") || a[i].equals("ABORT")) {
          if (a[i].equals("COMMIT")) producer.commitTransaction();
          else {
            producer.flush();
            producer.abortTransaction();
          }
          open = false;
          continue;
        }
        if (transactional && !open) {
          producer.beginTransaction();
          open = true;
        }
        String[] f = a[i].split("\\|", 4);
        Long time = f[1].equals("~") ? null : Long.valueOf(f[1]);
        ProducerRecord<byte[], byte[]> r = new ProducerRecord<>(a[1], null, time, bytes(f[0]), bytes(f[3]));
        if (!f[2].equals("~")) r.headers().add("h", bytes(f[2]));
        producer.send(r);
      }
      producer.flush();
    }
  }

  static byte[] bytes(String s) {
    return s.equals("~") ? null : s.getBytes(StandardCharsets.UTF_8);
  }
}
