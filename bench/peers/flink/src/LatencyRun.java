import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeHint;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * The latency job on a MiniCluster: LatencyRun RATE DURATION-MS WARMUP-MS KEYS PARALLELISM BUFFER-TIMEOUT-MS PATH. Record k is due k / RATE seconds after its reader's
 * start and carries that time through keyBy to a count per key, behind which (in the sink's chain) its age is recorded, to PATH-subtask.json.
 */
public class LatencyRun {
  static final int UNIT_NS = 128, STEPS = 128, INTERVAL_MS = 100;

  /** Waits until each record is due; the runtime's flusher works meanwhile, because it is a thread of its own. */
  static class Paced implements GeneratorFunction<Long, Tuple2<Integer, Long>> {
    final double nsPerRecord;
    final int keys, parallelism;
    transient long start, made;

    Paced(double rate, int keys, int parallelism) {
      this.nsPerRecord = 1e9 / rate;
      this.keys = keys;
      this.parallelism = parallelism;
    }

    @Override
    public void open(SourceReaderContext context) {
      start = System.nanoTime();
    }

    @Override
    public Tuple2<Integer, Long> map(Long index) {
      long due = start + (long) (made++ * parallelism * nsPerRecord);
      for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
      return Tuple2.of((index.intValue() * 0x9e3779b1 >>> 1) % keys, due);
    }
  }

  static class Count extends RichMapFunction<Tuple2<Integer, Long>, Tuple2<Integer, Long>> {
    transient ValueState<Integer> count;

    @Override
    public void open(OpenContext context) {
      count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Integer.class));
    }

    @Override
    public Tuple2<Integer, Long> map(Tuple2<Integer, Long> record) throws Exception {
      Integer n = count.value();
      count.update(n == null ? 1 : n + 1);
      return record;
    }
  }

  /** The histogram of bench/latency/histogram.ts. */
  static class Record extends RichMapFunction<Tuple2<Integer, Long>, Tuple2<Integer, Long>> {
    final String path;
    final long warmupNs;
    transient long[] counts;
    transient double[][] intervals;
    transient long total, max, first;

    Record(String path, long warmupMs) {
      this.path = path;
      this.warmupNs = warmupMs * 1_000_000;
    }

    @Override
    public void open(OpenContext context) {
      counts = new long[25 * STEPS];
      intervals = new double[10_000][3];
    }

    @Override
    public Tuple2<Integer, Long> map(Tuple2<Integer, Long> record) {
      long ns = System.nanoTime() - record.f1;
      if (first == 0 || record.f1 < first) first = record.f1;
      long since = record.f1 - first;
      double[] interval = intervals[(int) (since / (INTERVAL_MS * 1_000_000L))];
      interval[0]++;
      interval[1] += ns;
      interval[2] = Math.max(interval[2], ns);
      if (since >= warmupNs) {
        int u = (int) Math.min(Integer.MAX_VALUE, ns / UNIT_NS);
        int shift = Math.max(0, 24 - Integer.numberOfLeadingZeros(u));
        counts[shift * STEPS + (u >>> shift)]++;
        total++;
        max = Math.max(max, ns);
      }
      return record;
    }

    @Override
    public void close() throws Exception {
      StringBuilder s = new StringBuilder("{\"histogram\":{\"counts\":[");
      for (int i = 0, n = 0; i < counts.length; i++) if (counts[i] > 0) s.append(n++ > 0 ? "," : "").append("[" + i + "," + counts[i] + "]");
      s.append("],\"total\":" + total + ",\"maxNs\":" + max + "},\"intervals\":[");
      int last = intervals.length;
      while (last > 0 && intervals[last - 1][0] == 0) last--;
      for (int i = 0; i < last; i++) s.append(i > 0 ? "," : "").append("[" + intervals[i][0] + "," + intervals[i][1] + "," + intervals[i][2] + "]");
      Files.writeString(Path.of(path + "-" + getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() + ".json"), s + "]}");
    }
  }

  public static void main(String[] a) throws Exception {
    double rate = Double.parseDouble(a[0]);
    long durationMs = Long.parseLong(a[1]), warmupMs = Long.parseLong(a[2]);
    int keys = Integer.parseInt(a[3]), parallelism = Integer.parseInt(a[4]);
    Configuration c = new Configuration();
    c.setString("pipeline.object-reuse", "true");
    c.setString("taskmanager.numberOfTaskSlots", String.valueOf(parallelism));
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(parallelism, c);
    env.setBufferTimeout(Long.parseLong(a[5]));
    TypeInformation<Tuple2<Integer, Long>> type = TypeInformation.of(new TypeHint<>() {});
    DataGeneratorSource<Tuple2<Integer, Long>> source = new DataGeneratorSource<>(new Paced(rate, keys, parallelism), (long) (rate * durationMs / 1000), type);
    env.fromSource(source, WatermarkStrategy.noWatermarks(), "paced").keyBy(r -> r.f0).map(new Count()).map(new Record(a[6], warmupMs)).sinkTo(new DiscardingSink<>());
    env.execute();
    System.exit(0);
  }
}
