// Every kernel the engine can call. AssemblyScript compiles only what is reachable from here.
export * from "./memory";
export { hashColumn, hashNothing } from "./hash";
export * from "./scan/crc32c";
export * from "./scan/kafka";
export * from "./scan/kafka_columns";
export * from "./exchange";
export { tableNew, tableFree, tableCount, tableBytes, tableWalkStart, tableWalk } from "./table/table";
export { tableFindWords, tableFindBytes, tableFindRows } from "./table/find";
export { keyMeasure, keyEncode, keyRefs128, keyWordsToColumn, keyBytesToColumn, keyPartToColumn } from "./table/key";
export { allPresent, keepPresent, keepTrue, aggCount, aggSum, aggSumDecimal, aggExtreme, aggExtreme128, aggExtremeBytes } from "./aggregate/update";
export { aggMerge } from "./aggregate/merge";
export { resultCount, resultWord, result128, resultBytes, resultAvgInt, resultAvgFloat, resultAvgDecimal } from "./aggregate/result";
export { sliceRows } from "./window/slice";
export { distinctWords, distinctBytes, distinctMerge, linkRows } from "./aggregate/distinct";
export * from "./expr/string";
export * from "./expr/date";
export * from "./expr/format";
export * from "./expr/parse";
