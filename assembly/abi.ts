// Offsets, type codes and limits shared by the kernels (asc) and the control plane (tsc).
// Plain integer constants only: both compilers read this file.

// ---- column type codes (physical layout of a column's values) ----
export const T_ROW = 0; // no values: validity only (a nested ROW; its fields are the following leaf columns)
export const T_BOOL = 1; // u8 0/1
export const T_I8 = 2;
export const T_I16 = 3;
export const T_I32 = 4; // INT, DATE (days), TIME (ms of day), INTERVAL YEAR TO MONTH (months)
export const T_I64 = 5; // BIGINT, TIMESTAMP/TIMESTAMP_LTZ (unit by precision), INTERVAL DAY TO SECOND (ms), DECIMAL(p<=18) unscaled
export const T_F32 = 6;
export const T_F64 = 7;
export const T_STR = 8; // u32 pointer, u32 length in bytes: UTF-8 view into pinned memory
export const T_I128 = 9; // DECIMAL(19..38) unscaled, two's complement, little endian
export const T_ANY = 10; // no wasm values: JS values kept beside the batch (closures only)

// ---- batch header: all fields u32 unless said otherwise ----
export const BATCH_ROWS = 0; // rows present in the columns
export const BATCH_CAPACITY = 4; // rows the columns have room for
export const BATCH_SEL_COUNT = 8; // rows selected
export const BATCH_SEL = 12; // -> u32[] ascending row numbers, SEL_COUNT of them
export const BATCH_MARK_COUNT = 16; // watermark marks
export const BATCH_MARKS = 20; // -> { u32 afterRow, u32 pad, i64 watermark }[]: the watermark follows row number `afterRow`
export const BATCH_KINDS = 24; // -> u8[] row kinds, 0 = all INSERT
export const BATCH_TIMES = 28; // -> i64[] record timestamps in ms, 0 = none
export const BATCH_SPLIT = 32; // number of the split the rows came from
export const BATCH_COLUMNS = 36; // number of leaf columns
export const BATCH_HEADER_BYTES = 64;
// then BATCH_COLUMNS descriptors:
export const COL_VALUES = 0; // -> values, 64-byte aligned
export const COL_VALIDITY = 4; // -> bits, 1 = present, least significant bit first; 0 = no nulls
export const COL_TYPE = 8; // T_*
export const COL_AUX = 12; // DECIMAL: precision << 8 | scale
export const COL_BYTES = 16;
export const MARK_BYTES = 16;

// ---- row kinds (Flink's RowKind byte values) ----
export const KIND_INSERT = 0;
export const KIND_UPDATE_BEFORE = 1;
export const KIND_UPDATE_AFTER = 2;
export const KIND_DELETE = 3;

// ---- error slot: fixed address in low memory; a kernel sets it and returns early ----
export const ERR_CODE = 64; // u32, 0 = none, else E_*
export const ERR_ROW = 68; // u32 row number in the batch, or 0xffffffff
export const ERR_ARG = 72; // i64 argument (byte offset, value...)
export const ERR_PTR = 80; // u32 pointer to the offending bytes, 0 = none
export const ERR_LEN = 84; // u32

export const E_NONE = 0;
export const E_OUT_OF_MEMORY = 1;
export const E_DIVISION_BY_ZERO = 2;
export const E_CAST = 3; // a string that is not a number/timestamp/boolean in CAST
export const E_NULL_ROWTIME = 4;
export const E_MALFORMED = 5; // record is not well-formed
export const E_BAD_FIELD = 6; // a field does not convert to its declared type; ERR_ARG = leaf column
export const E_MISSING_FIELD = 7;
export const E_INVALID_UTF8 = 8;
export const E_RECORD_TOO_LONG = 9;
export const E_BATCH_CORRUPT = 10; // Kafka RecordBatch: CRC, bounds
export const E_BATCH_MAGIC = 11;
export const E_BATCH_CODEC = 12;
export const E_NOT_NULL = 13; // NULL for a NOT NULL column
export const E_PATTERN = 16; // a regular expression took too many steps on a text
export const E_ARITHMETIC = 14; // numeric value out of range where Flink fails

// ---- sizes ----
export const BATCH_ROWS_MAX = 6144; // rows of one batch: what is done once a batch costs as much as 500 rows, and its columns still fit beside its input in a 1 MiB L2
export const INPUT_PAD = 64; // readable zero bytes required before and after any scanned region (SIMD over-reads)
export const ALIGN = 64;

// ---- Kafka RecordBatch cursor (assembly/scan/kafka.ts): zeroed, then filled by the reader; 64-byte aligned ----
export const KC_PTR = 0; // u32 next byte to read: a batch's start, or a record inside one
export const KC_END = 4; // u32 end of the region
export const KC_BATCH = 8; // u32 start of the open batch, 0 = between batches
export const KC_BATCH_END = 12; // u32
export const KC_LEFT = 16; // u32 records left in the open batch
export const KC_ATTRIBUTES = 20; // u32 of the open batch
export const KC_BASE_OFFSET = 24; // i64 of the open batch
export const KC_BASE_TIME = 32; // i64 base timestamp; with LogAppendTime the batch's maximum
export const KC_FROM = 40; // i64 records before this offset are passed over
export const KC_TO = 48; // i64 records from this offset on are not wanted
export const KC_NEXT = 56; // i64 out: offset after the last record or batch passed
export const KC_FLAGS = 64; // u32 KF_*
export const KC_STATE = 68; // u32 out: KS_*
export const KC_CRC = 72; // u32 -> tables of crc32cTables
export const KC_CAPACITY = 76; // u32 records the outputs have room for
export const KC_VALUES = 80; // u32 -> { u32 ptr, u32 length }[]
export const KC_KEYS = 84; // u32 -> { u32 ptr, u32 length }[] or 0; a null key has ptr 0
export const KC_OFFSETS = 88; // u32 -> i64[] or 0
export const KC_TIMES = 92; // u32 -> i64[] or 0: ms
export const KC_HEADERS = 96; // u32 -> { u32 ptr, u32 length }[] or 0: the count and the headers as they stand in the record
export const KC_NULLS = 100; // u32 out: records without a value that were passed over
export const KC_EPOCH = 104; // i32 partition leader epoch of the open batch
export const KC_BYTES = 128;
export const KF_CHECK_CRC = 1;
export const KF_KEEP_NULLS = 2; // records without a value are given with ptr 0, length 0; else passed over
export const KF_ONE_BATCH = 4; // a call ends with the batch, so that KC_ATTRIBUTES and KC_EPOCH hold for all of its records
export const KS_MORE = 0; // the outputs are full, or the batch ended its turn: call again
export const KS_EMPTY = 1; // the region is read
export const KS_PARTIAL = 2; // what is left is the beginning of a batch
export const KS_STOPPED = 3; // an offset >= KC_TO was reached
export const BATCH_V2_HEADER_BYTES = 61;
export const CRC_TABLE_BYTES = 16384; // room for crc32cTables

// ---- frames between subtasks (docs/formats/exchange.md) ----
export const FRAME_BATCH = 1;
export const FRAME_WATERMARK = 2; // i64
export const FRAME_IDLE = 3;
export const FRAME_ACTIVE = 4;
export const FRAME_END = 5; // u32 1 = the sender failed or was cancelled: flush, fire nothing
export const FRAME_BARRIER = 6; // i64: its number
export const FRAME_OBJECTS = 7; // JS values of ANY columns of the batch frame that follows

// ---- what emitted readers use of a decoder's context (assembly/scan/context.ts) ----
export const X_RECORD_MAX = 48; // u32 bytes
export const X_ROW = 56; // u32 current row
export const X_RECORD = 648; // u32 address of the current record: lines

// ---- what TypeScript sets of it ----
export const X_ROWS_MAX = 652; // u32 rows that one call reads at most: json

// ---- how a format reads one field (json, csv): the argument in brackets ----
export const F_NULL = 0; // always NULL
export const F_BOOL = 1;
export const F_I8 = 2;
export const F_I16 = 3;
export const F_I32 = 4;
export const F_I64 = 5;
export const F_F32 = 6;
export const F_F64 = 7;
export const F_STR = 8;
export const F_BYTES = 9; // base64 in text
export const F_DECIMAL = 10; // [precision << 8 | scale]
export const F_DATE = 11;
export const F_TIME = 12; // milliseconds of the day
export const F_TIMESTAMP = 13; // [digits of the unit: 3, 6, 9]
export const F_LTZ = 14; // [digits of the unit]
export const F_ROW = 15;

// ---- a leaf's descriptor in a scan context: where its column is ----
export const L_VALUES = 0; // u32
export const L_VALIDITY = 4; // u32

// ---- the graph of learned JSON shapes (assembly/scan/json-nodes.ts) ----
export const G_COUNT = 0; // u32 nodes
export const G_NODES = 64; // the nodes, the first one is the record's start
export const N_LENGTH = 0; // u32 bytes of the literal
export const N_CHUNKS = 4; // u32 16-byte pieces of it
export const N_KIND = 8; // u32 NODE_*
export const N_LEAF = 12; // i32, -1 = skipped
export const N_OBJECT = 16; // u32 -> table of the object that the value may be: then the literal ends with the value's first byte
export const N_HINT = 20; // i32 length of the string or whole number, -1 = it varies, -2 = none yet
export const N_VARIED = 24; // u32 times the length was another
export const N_SCORE = 28; // i32: below 0 the successors are not tried for a while
export const N_NEXT = 32; // u32[N_SUCCESSORS] -> node
export const N_SUCCESSORS = 3;
export const N_SWAP = 44; // u32 hits of a later successor since the last swap
export const N_TYPE = 48; // u32 F_* of the leaf
export const N_HITS = 52; // u32 times it was met
export const N_LONGEST = 56; // u32 longest string met while its length was learned
export const N_TABLE = 60; // u32 -> table of the object in which a reader stands behind this node
export const N_LITERAL = 64; // { 16 bytes, 16 bytes mask }[]
export const N_BYTES = 192;
export const NODE_STRING = 1; // the literal ends with the opening quote
export const NODE_VALUE = 2; // anything else: number, literal, nested
export const NODE_END = 3; // the literal ends with the record's closing brace
export const NODE_OPEN = 4; // the literal ends with the opening brace of an object whose fields are wanted
export const NODE_CLOSE = 5; // the literal ends with its closing brace

// ---- why a record or field was refused (the text is in src/format/refusal.ts) ----
export const R_NONE = 0;
export const R_NOT_OBJECT = 1;
export const R_ENDS_EARLY = 2;
export const R_EXPECTED_KEY = 3;
export const R_EXPECTED_COLON = 4;
export const R_EXPECTED_COMMA = 5;
export const R_BAD_NUMBER = 6;
export const R_BAD_TOKEN = 7;
export const R_BAD_ESCAPE = 8;
export const R_UTF8 = 9;
export const R_TOO_DEEP = 10;
export const R_TOO_LONG = 11;
export const R_BAD_FIELD = 12;
export const R_MISSING = 13;
export const R_EXPECTED_ROW = 14;
export const R_CSV_QUOTE = 15; // text after a closing quote
export const R_CSV_TOO_MANY = 16;
export const R_CSV_TOO_FEW = 17;

// ---- Kafka record batches being written (assembly/write/kafka_batch.ts): one context per writer ----
export const KW_PARTITIONS = 0; // u32 number of partitions
export const KW_STICKY = 4; // u32 partition of records without a key, or of all with KW_FIXED
export const KW_FIXED = 8; // u32 1 = keys don't choose
export const KW_KEYS = 12; // u32 -> { u32 ptr, u32 length }[] by row: the key column, 0 = none
export const KW_KEY_VALIDITY = 16; // u32
export const KW_TIMES = 20; // u32 -> i64[] ms by row: the timestamp column, 0 = none
export const KW_TIME_VALIDITY = 24; // u32
export const KW_FULL = 28; // u32 out: the partition whose buffer has no room
export const KW_NEED = 32; // u32 out: bytes its buffer must have free
export const KW_HEADERS = 36; // u32 -> { u32 ptr, u32 length }[] by row: the headers column, 0 = none
export const KW_HEADER_VALIDITY = 40; // u32
export const KW_BYTES = 64; // then a buffer descriptor per partition:
export const KB_BUFFER = 0; // u32 -> bytes, 0 = none yet
export const KB_CAPACITY = 4; // u32
export const KB_FILLED = 8; // u32 bytes used, headers included; KB_HEADER when empty
export const KB_COUNT = 12; // u32 records
export const KB_FIRST_TIME = 16; // i64 timestamp of the first record
export const KB_MAX_TIME = 24; // i64
export const KB_BYTES = 32;
export const KB_HEADER = 77; // 16 bytes of frame header, then the batch's 61

// ---- one aggregate call of a running GROUP BY (assembly/group): a descriptor per call ----
export const GC_KIND = 0; // u32 ACC_*
export const GC_TYPE = 4; // u32 T_* of the argument
export const GC_ACC = 8; // u32 offset of the accumulator in a group row
export const GC_FLAG = 12; // u32 offset of its flag byte
export const GC_COUNT = 16; // u32 offset of its count, 0 = none
export const GC_AVG = 20; // u32 1 = AVG
export const GC_DIGITS = 24; // u32 AVG of DECIMAL: digits beyond the argument's
export const GC_DISTINCT = 28; // u32 -> table of DISTINCT values, 0 = none
export const GC_WORDS = 32; // u32 1 = that table has WORD rows
export const GC_VALUES = 36; // u32 -> argument
export const GC_VALIDITY = 40; // u32 -> argument's validity, 0 = all present
export const GC_FILTER = 44; // u32 -> FILTER's values, 0 = none
export const GC_FILTER_VALIDITY = 48; // u32
export const GC_OUT_TYPE = 52; // u32 T_* of the result
export const GC_OUT = 56; // u32 -> results, 0 = not wanted
export const GC_OUT_VALIDITY = 60; // u32 -> 0 = never NULL
export const GC_BYTES = 64;
