import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** Runs a script of SET, CREATE and INSERT statements on a MiniCluster and prints the job time of its INSERTs. No ';' inside literals. */
public class SqlRun {
  static final Pattern SET = Pattern.compile("(?is)SET\\s+'([^']+)'\\s*=\\s*'([^']*)'");

  public static void main(String[] args) throws Exception {
    List<String> statements = new ArrayList<>();
    for (String s : Files.readString(Path.of(args[0])).replaceAll("(?m)^\\s*--.*$", "").split(";")) if (!s.isBlank()) statements.add(s.trim());
    Configuration c = new Configuration();
    c.setString("pipeline.object-reuse", "true");
    c.setString("taskmanager.memory.managed.size", "512mb");
    for (String s : statements) {
      Matcher m = SET.matcher(s);
      if (m.matches()) c.setString(m.group(1), m.group(2));
    }
    int parallelism = Integer.parseInt(c.getString("parallelism.default", "1"));
    c.setString("taskmanager.numberOfTaskSlots", String.valueOf(parallelism));
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(parallelism, c);
    StreamTableEnvironment tables = StreamTableEnvironment.create(env, EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(c).build());
    for (String k : c.keySet()) tables.getConfig().set(k, c.getString(k, null));
    double seconds = 0;
    for (String s : statements) {
      if (SET.matcher(s).matches()) continue;
      var result = tables.executeSql(s);
      if (s.toUpperCase(Locale.ROOT).startsWith("INSERT")) seconds += result.getJobClient().get().getJobExecutionResult().get().getNetRuntime() / 1e3;
    }
    System.out.println("{\"seconds\":" + seconds + "}");
    System.exit(0);
  }
}
