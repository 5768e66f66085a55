import type { Clock } from '../base/clock.js';

/**
 * Work that needs an event loop (sockets, streams, the terminal). It runs on the I/O thread, or on the host's thread,
 * and exchanges byte frames with slots through rings; it never blocks.
 */
export interface IoContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** number of subtasks on the other side */
  readonly parallelism: number;
  readonly options: Readonly<Record<string, string>>;
  /** on the host's thread only: a writer for the terminal that lives with the status line */
  readonly print?: (text: string) => void;
}

/** Room in the subtasks' rings to write a frame in place, so that it need not be copied there. One reservation per subtask at a time. */
export interface FrameRoom {
  /** `bytes` bytes of the ring, of any content; undefined: there is no room now, another reservation holds it, or it is more than a ring gives. */
  reserve(subtask: number, bytes: number): Uint8Array | undefined;
  /** Whether so many bytes are free, or as many as one reservation can have at all: what is fetched then need not wait elsewhere. */
  fits(subtask: number, bytes: number): boolean;
  /** The first `bytes` bytes of what was reserved are a frame; 0 gives everything back. */
  commit(subtask: number, bytes: number): void;
}

/** Pushes frames to the source's subtasks. */
export interface IoSource {
  /**
   * Runs until the input ends (resolve) or fails (reject). `send` resolves when the ring has taken the frame; what it is given may be
   * overwritten then. Frames of `send` and `room` arrive in the order in which they were taken or committed.
   */
  run(send: (subtask: number, frame: Uint8Array) => Promise<void> | undefined, room?: FrameRoom): Promise<void>;
  /** What the sinks have for good begins at these positions (elements of the readers' snapshots). Later ones replace earlier ones; the last may come right before `close`. */
  complete?(positions: readonly Uint8Array[]): void;
  close(): Promise<void>;
}

/** Takes frames from the sink's subtasks; they are the sink's to keep and to change. A frame counts as done when the promise resolves; a writer can wait for all of its frames. */
export interface IoSink {
  open(): Promise<void>;
  write(subtask: number, frame: Uint8Array): Promise<void> | undefined;
  close(): Promise<void>;
}

/** Names work for an I/O thread: a module (by URL) whose export `create` makes it from plain-data config. */
export interface IoSpec {
  readonly thread: 'io' | 'host';
  /** a URL that the other thread imports; the module exports `createIoSource` or `createIoSink` */
  readonly module: string;
  readonly config: unknown;
}

export interface IoModule {
  createIoSource?(config: never, ctx: IoContext): IoSource;
  createIoSink?(config: never, ctx: IoContext): IoSink;
}

/** A slot's end of frames that come from an IoSource. */
export interface FrameReader {
  /** The next whole frame copied into wasm memory at a pointer the reader owns until the next call; undefined when none is there. */
  take(): { ptr: number; length: number } | undefined;
  /** true when the source has ended and every frame was taken */
  readonly ended: boolean;
}

/** A slot's end of frames that go to an IoSink. */
export interface FrameWriter {
  /** Copies a frame out of wasm memory; false when there is no room (nothing was written; try again in a later step). */
  offer(ptr: number, length: number): boolean;
  /** frames offered and not yet done on the other side; 0 when that has failed */
  readonly pending: number;
  /** the other side has failed: frames are swallowed */
  readonly failed: boolean;
}
