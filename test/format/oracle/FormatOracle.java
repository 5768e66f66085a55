import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.flink.api.common.serialization.*;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.formats.csv.CsvFormatFactory;
import org.apache.flink.formats.json.JsonFormatFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.*;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.*;
import org.apache.flink.table.connector.format.*;
import org.apache.flink.table.connector.sink.*;
import org.apache.flink.table.connector.source.*;
import org.apache.flink.table.data.*;
import org.apache.flink.table.factories.*;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.*;
import org.apache.flink.table.types.logical.utils.*;
import org.apache.flink.table.types.utils.TypeConversions;
import org.apache.flink.util.Collector;

/**
 * Records how Flink's json and csv formats read and write: one case a line on stdin, the same case with `results` on stdout.
 * {"format":"json","role":"decode","type":"ROW<a INT>","options":{},"inputs":["{\"a\":1}"],"hex":["7b7d"]}
 * For role encode, `inputs` are JSON rows, read leniently by Flink's json format with ISO-8601 timestamps.
 * A decode result: an array of fields; null when the record was skipped; {"error": "..."} when Flink failed.
 */
public class FormatOracle {
  static final ObjectMapper M = new ObjectMapper();

  static class Ctx implements DynamicTableSource.Context {
    public <T> TypeInformation<T> createTypeInformation(DataType t) { return (TypeInformation<T>) InternalTypeInfo.of(t.getLogicalType()); }
    public <T> TypeInformation<T> createTypeInformation(LogicalType t) { return (TypeInformation<T>) InternalTypeInfo.of(t); }
    public DynamicTableSource.DataStructureConverter createDataStructureConverter(DataType t) { return null; }
  }
  static class SinkCtx implements DynamicTableSink.Context {
    public <T> TypeInformation<T> createTypeInformation(DataType t) { return (TypeInformation<T>) InternalTypeInfo.of(t.getLogicalType()); }
    public <T> TypeInformation<T> createTypeInformation(LogicalType t) { return (TypeInformation<T>) InternalTypeInfo.of(t); }
    public DynamicTableSink.DataStructureConverter createDataStructureConverter(DataType t) { return null; }
    public boolean isBounded() { return true; }
    public Optional<int[][]> getTargetColumns() { return Optional.empty(); }
  }

  static DeserializationSchema<RowData> decoder(String format, DataType type, Map<String, String> options) throws Exception {
    DeserializationFormatFactory f = format.equals("json") ? new JsonFormatFactory() : new CsvFormatFactory();
    DecodingFormat<DeserializationSchema<RowData>> d = f.createDecodingFormat(null, Configuration.fromMap(options));
    DeserializationSchema<RowData> s = d.createRuntimeDecoder(new Ctx(), type);
    s.open(null);
    return s;
  }

  static Object value(RowData r, int i, LogicalType t) {
    if (r.isNullAt(i)) return null;
    Object v = RowData.createFieldGetter(t, i).getFieldOrNull(r);
    if (v instanceof RowData) return row((RowData) v, (RowType) t);
    if (v instanceof Double) return "d:" + Long.toHexString(Double.doubleToLongBits((Double) v));
    if (v instanceof Float) return "f:" + Integer.toHexString(Float.floatToIntBits((Float) v));
    if (v instanceof DecimalData) return ((DecimalData) v).toBigDecimal().unscaledValue().toString();
    if (v instanceof TimestampData) return Long.toString(((TimestampData) v).getMillisecond()) + ":" + ((TimestampData) v).getNanoOfMillisecond();
    if (v instanceof byte[]) return "b:" + HexFormat.of().formatHex((byte[]) v);
    return v.toString();
  }
  static List<Object> row(RowData r, RowType t) {
    List<Object> out = new ArrayList<>();
    for (int i = 0; i < t.getFieldCount(); i++) out.add(value(r, i, t.getTypeAt(i)));
    return out;
  }

  public static void main(String[] a) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
    for (String line; (line = in.readLine()) != null; ) {
      if (line.isBlank()) continue;
      ObjectNode c = (ObjectNode) M.readTree(line);
      RowType t = (RowType) LogicalTypeParser.parse(c.get("type").asText(), FormatOracle.class.getClassLoader());
      DataType dt = TypeConversions.fromLogicalToDataType(t);
      Map<String, String> o = new HashMap<>();
      if (c.has("options")) c.get("options").fields().forEachRemaining(e -> o.put(e.getKey(), e.getValue().asText()));
      List<byte[]> inputs = new ArrayList<>();
      if (c.has("inputs")) for (JsonNode n : c.get("inputs")) inputs.add(n.asText().getBytes(StandardCharsets.UTF_8));
      if (c.has("hex")) for (JsonNode n : c.get("hex")) inputs.add(HexFormat.of().parseHex(n.asText()));
      ArrayNode results = c.putArray("results");
      try {
        if (c.get("role").asText().equals("decode")) {
          for (byte[] b : inputs) {
            try {
              DeserializationSchema<RowData> d = decoder(c.get("format").asText(), dt, o);
              List<Object> got = new ArrayList<>();
              d.deserialize(b, new Collector<RowData>() {
                public void collect(RowData r) { got.add(row(r, t)); }
                public void close() {}
              });
              results.addPOJO(got.isEmpty() ? null : got.size() == 1 ? got.get(0) : got);
            } catch (Throwable e) {
              Throwable x = e;
              StringBuilder m = new StringBuilder();
              for (; x != null; x = x.getCause()) m.append(x.getClass().getSimpleName()).append(": ").append(String.valueOf(x.getMessage()).split("\n")[0]).append(" | ");
              results.addObject().put("error", m.toString());
            }
          }
        } else {
          DeserializationSchema<RowData> d = decoder("json", dt, Map.of("ignore-parse-errors", "true", "timestamp-format.standard", "ISO-8601"));
          SerializationFormatFactory f = c.get("format").asText().equals("json") ? new JsonFormatFactory() : new CsvFormatFactory();
          EncodingFormat<SerializationSchema<RowData>> e = f.createEncodingFormat(null, Configuration.fromMap(o));
          SerializationSchema<RowData> s = e.createRuntimeEncoder(new SinkCtx(), dt);
          s.open(null);
          for (byte[] b : inputs) {
            try {
              results.add(new String(s.serialize(d.deserialize(b)), StandardCharsets.UTF_8));
            } catch (Throwable x) {
              results.addObject().put("error", x.toString());
            }
          }
        }
      } catch (Throwable x) {
        c.put("failed", x.toString());
      }
      out.println(M.writeValueAsString(c));
    }
  }
}
