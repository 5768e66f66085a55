import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.*;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.*;
import org.apache.flink.table.api.*;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Real Flink as a service for the conformance tests: one JSON request a line on stdin, one answer a line on stdout. A request has `setup` (statements that
 * make the table `c`, which has an INT column `id`) and `expressions`; the answer has for each its type and its values in the order of `id`, or why Flink
 * refuses it (`refused`, when planned) or fails (`failed`, when run).
 */
public class ExpressionOracle {
  static final ObjectMapper JSON = new ObjectMapper();
  static final Map<String, TableEnvironment> ENVIRONMENTS = new HashMap<>();

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err); // whatever Flink prints
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    out.println("{\"ready\":true}");
    for (String line = in.readLine(); line != null; line = in.readLine()) out.println(answer(JSON.readTree(line)));
    System.exit(0);
  }

  static String answer(JsonNode request) throws Exception {
    TableEnvironment env = ENVIRONMENTS.computeIfAbsent(request.get("setup").toString(), k -> create(request.get("setup")));
    int n = request.get("expressions").size();
    ObjectNode[] answers = new ObjectNode[n];
    List<Integer> good = new ArrayList<>();
    String[] text = new String[n];
    for (int i = 0; i < n; i++) {
      text[i] = request.get("expressions").get(i).asText();
      answers[i] = JSON.createObjectNode();
      try {
        answers[i].put("type", env.sqlQuery("SELECT " + text[i] + " AS x FROM c").getResolvedSchema().getColumnDataTypes().get(0).getLogicalType().asSummaryString());
        good.add(i);
      } catch (Throwable e) {
        answers[i].put("refused", reason(e));
      }
    }
    run(env, text, answers, good);
    ArrayNode all = JSON.createArrayNode();
    for (ObjectNode a : answers) all.add(a);
    return JSON.writeValueAsString(JSON.createObjectNode().set("answers", all));
  }

  static TableEnvironment create(JsonNode setup) {
    TableEnvironment env = TableEnvironment.create(EnvironmentSettings.inBatchMode());
    env.getConfig().set("parallelism.default", "1");
    for (JsonNode s : setup) {
      String text = s.asText();
      if (text.startsWith("SET ")) {
        String[] kv = text.substring(4).split("=", 2);
        env.getConfig().set(kv[0].trim().replace("'", ""), kv[1].trim().replace("'", ""));
      } else env.executeSql(text);
    }
    return env;
  }

  /** Runs the expressions as columns of one query; when that fails, each half by itself. */
  static void run(TableEnvironment env, String[] text, ObjectNode[] answers, List<Integer> which) {
    if (which.isEmpty()) return;
    StringBuilder query = new StringBuilder("SELECT id");
    for (int i : which) query.append(", ").append(text[i]).append(" AS x").append(i);
    TreeMap<Integer, Row> rows = new TreeMap<>();
    try (CloseableIterator<Row> it = env.executeSql(query + " FROM c").collect()) {
      while (it.hasNext()) {
        Row row = it.next();
        rows.put((Integer) row.getField(0), row);
      }
    } catch (Throwable e) {
      if (which.size() == 1) answers[which.get(0)].put("failed", reason(e));
      else {
        run(env, text, answers, which.subList(0, which.size() / 2));
        run(env, text, answers, which.subList(which.size() / 2, which.size()));
      }
      return;
    }
    for (int k = 0; k < which.size(); k++) {
      ArrayNode values = JSON.createArrayNode();
      for (Row row : rows.values()) {
        Object value = row.getField(k + 1);
        if (value == null) values.addNull();
        else values.add(value instanceof byte[] ? HexFormat.of().formatHex((byte[]) value) : value.toString());
      }
      answers[which.get(k)].set("values", values);
    }
  }

  static String reason(Throwable e) {
    Throwable t = e;
    while (t.getCause() != null && t.getCause() != t) t = t.getCause();
    String s = t.getClass().getSimpleName() + ": " + t.getMessage();
    return s.length() > 300 ? s.substring(0, 300) : s;
  }
}
