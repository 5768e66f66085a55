/** Every limit of the engine, with its unit and the reason for its value. */

/** Bytes of one ring between two threads: a few 64 KiB batches in flight, small enough to stay in L2/L3. */
export const RING_BYTES = 1 << 20;
/** Bytes of a ring between the I/O thread and a slot: several milliseconds of input at 1 GB/s, so that polling for room at 1 ms never starves a slot. */
export const IO_RING_BYTES = 8 << 20;
/** Bytes after which an output buffer leaves: the batch size at which a ring copies at full speed. */
export const OUTPUT_BUFFER_BYTES = 64 << 10;
/** Bytes up to which an output buffer whose time is up is filled further while its receiver is behind: from there on the cost of a frame is small beside that of its rows. */
export const OUTPUT_BUFFER_SMALL_BYTES = 4 << 10;
/** Longest record in bytes a format accepts: a line that never ends must not fill the memory. */
export const RECORD_BYTES_MAX = 16 << 20;
/** Bytes of a block that a slot claims of a file. */
export const FILE_BLOCK_BYTES = 1 << 20;
/** Bytes of a part file after which the disk is asked to begin writing: the sync that ends a part then has little left to wait for. */
export const FILE_SYNC_AHEAD_BYTES = 8 << 20;
/** Blocks a slot may be ahead of the slowest one on the same file, times its slots: bounds how far event times diverge; for two, longer than a time slice at 0.4 ms a block. */
export const FILE_BLOCKS_AHEAD_MAX = 6;
/** Smallest block of a file whose readers share one event time, in bytes: what a block costs beside its rows stays small. */
export const RELAY_BLOCK_BYTES_MIN = 64 << 10;
/** Ms a reader waits for the event time of the block before its own, which mostly is a moment away, before it copies what it has and decodes ahead: two blocks' time. */
export const RELAY_HOLD_MS = 1;
/** Batches a reader decodes ahead of the event time of blocks that others still read: longer than a time slice of a neighbour that lost its core. */
export const RELAY_AHEAD_BATCHES = 6;
/** Key groups: the unit in which keyed state moves between subtasks (Flink's default maxParallelism). */
export const MAX_PARALLELISM_DEFAULT = 128;
/** Pages of 64 KiB a slot's memory may have (4 GiB: wasm32's limit). */
export const SLOT_MEMORY_PAGES_MAX = 65536;
/** Milliseconds a step may take before it should answer "not yet". */
export const STEP_BUDGET_MS = 1;
/** Milliseconds of work after which a slot turns its event loop. */
export const EVENT_LOOP_TURN_MS = 10;
/** Characters of a thrown value's text that an error repeats: a function may throw a whole response body. */
export const THROWN_TEXT_CHARS_MAX = 2000;
/** Milliseconds after which an operator that runs or waits without a break is named in a job's status: no healthy call takes so long. */
export const STANDING_MS_MIN = 1000;
/** Milliseconds after which that is said as a warning where no status line is drawn. */
export const STANDING_WARN_MS = 30_000;
/** Instructions of a compiled regular expression: {n,m} is written out, and each instruction costs a bit for each character of a text. */
export const REGEX_INSTRUCTIONS_MAX = 20_000;
/** Steps of a regular expression that is not of linear time, on one text: a tenth of a second, longer than any sensible match. */
export const REGEX_STEPS_MAX = 10_000_000;
/** Bytes in which a regular expression keeps what it has tried, or what it may come back to: enough for records of the longest length. */
export const REGEX_MEMORY_BYTES_MAX = 256 << 20;
/** Longest SQL script in characters. */
export const SQL_SCRIPT_CHARS_MAX = 4 << 20;
/** Deepest nesting of SQL expressions and of JSON values: recursion must end before the stack does. */
export const NESTING_MAX = 500;
/** Columns of a grouping key: their NULL bits are one 32-bit word. */
export const KEY_COLUMNS_MAX = 32;
/** Bytes of record batches in one frame from the Kafka fetcher to a slot, unless one batch is larger: big enough to make the hand-over cheap, small enough to stay in L2. */
export const KAFKA_FRAME_BYTES = 256 << 10;
/** Bytes a compressed Kafka batch may inflate to: a small batch must not fill the memory. */
export const KAFKA_INFLATED_BYTES_MAX = 128 << 20;
/** Milliseconds until a Kafka cluster that never answered counts as unreachable when a job starts. */
export const KAFKA_CONNECT_TIMEOUT_MS = 10_000;
/** Milliseconds between tries after a Kafka broker failed: doubling from the first to the second. */
export const KAFKA_BACKOFF_MS_MIN = 100;
export const KAFKA_BACKOFF_MS_MAX = 2000;
/** Bytes of one key group's state in one window: snapshots are packed in one block, and wasm32 addresses end at 4 GiB. */
export const STATE_BYTES_MAX = 1 << 30;
/** Bytes of a record batch that a Kafka writer fills before it leaves: large for throughput, well below a broker's default message.max.bytes of 1 MiB. */
export const KAFKA_BATCH_BYTES = 128 << 10;
/** Fetch requests in flight to one Kafka broker, each over a connection and session of its own: while one response travels the broker gathers the next. */
export const KAFKA_FETCHES_IN_FLIGHT = 2;
/** Produce requests in flight to one Kafka broker: as many batches of a producer and partition a broker remembers, so that it recognises each of them. */
export const KAFKA_REQUESTS_IN_FLIGHT_MAX = 5;
/** Groups of one slice that the local phase of a window aggregation keeps for all keys: what stays in the second-level cache pays; with more it keeps hot keys only. */
export const LOCAL_GROUPS_MAX = 4096;
/** Barriers that wait at an operator for their rows to leave (once per commit interval, behind windows of hours); beyond that every other one is dropped. */
export const BARRIERS_HELD_MAX = 64;
/** Milliseconds between looks whether the topics that are read are still the same: one request, beside those that failures cause. */
export const KAFKA_TOPIC_CHECK_MS = 5000;
/** Bytes of a response of Kafka's that is not of records; a broker takes no longer requests either (socket.request.max.bytes). */
export const KAFKA_CONTROL_BYTES_MAX = 100 << 20;
/** Milliseconds that a client waits at most when a Kafka broker asks for it: quotas are kept over windows of some 10 s, and a broker holds back by itself who comes too early. */
export const KAFKA_THROTTLE_MS_MAX = 10_000;
/** Rounds of SCRAM's hash that a Kafka broker may ask for; Kafka itself allows 16,384. */
export const KAFKA_SCRAM_ITERATIONS_MAX = 1 << 20;
/** Milliseconds that the last commit of read positions may take when a job ends. */
export const KAFKA_LAST_COMMIT_MS = 3000;
/** Milliseconds in which a source of a cancelled job has to come to a batch boundary for its last barrier. */
export const LAST_BARRIER_MS = 2000;
/** Rows after which the local phase looks whether it pays, and rows after which it tries all keys again. */
export const LOCAL_TRIAL_ROWS = 32 << 10;
export const LOCAL_RETRY_ROWS = 1 << 20;
/** Rows the local phase does not sample after a judgement that found no hot key: sampling all the time costs 1 % of a fast job. */
export const LOCAL_REST_ROWS = 1 << 18;
/** Bytes of groups the local phase of a window aggregation holds before it sends them on: what stays in the caches still pays. */
export const LOCAL_AGGREGATE_BYTES_MAX = 16 << 20;

/** Windows of one row in a HOP without an aggregate: each is a branch of the plan. */
export const HOP_WINDOWS_MAX = 256;
/** JSON records after which the first reader is emitted: so few that the optimizing compiler does not take the general reader on (15 ms of a core). */
export const JSON_FIRST_RECORDS = 32;
/** JSON records after which a later reader is emitted: enough to show optional fields and lengths, few enough not to matter. */
export const JSON_LEARN_RECORDS = 4096;
/** Readers emitted for one decoder, and records after which one is tried again where no shape could be told: each costs about a millisecond. */
export const JSON_RELEARN_MAX = 8;
export const JSON_RETRY_RECORDS = 1 << 20;
