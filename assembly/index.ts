// Every kernel the engine can call. AssemblyScript compiles only what is reachable from here.
export * from "./memory";
export * from "./hash";
export * from "./scan/crc32c";
export * from "./scan/kafka";
export * from "./exchange";
