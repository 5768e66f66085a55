import { type OperatorSnapshot, subtaskOfKeyGroup } from './operator.js';

/**
 * What subtask `index` of `parallelism` gets of the old subtasks' state: keyed state by key group, list state as it was (round robin when the
 * parallelism changes, as Flink's RoundRobinOperatorStateRepartitioner), union state whole.
 */
export function shareOf(old: readonly OperatorSnapshot[], index: number, parallelism: number, maxParallelism: number): OperatorSnapshot {
  const list =
    old.length === parallelism
      ? old[index].list
      : shareOfList(
          old.map((s) => s.list),
          index,
          parallelism,
        );
  return {
    keyed: old.flatMap((s) => s.keyed).filter((k) => subtaskOfKeyGroup(maxParallelism, parallelism, k.group) === index),
    list,
    union: old.flatMap((s) => s.union),
  };
}

/** One subtask's elements of a list that the old subtasks held together. */
export function shareOfList<T>(old: readonly (readonly T[])[], index: number, parallelism: number): T[] {
  return old.flat().filter((_, i) => i % parallelism === index);
}

interface Place {
  readonly subtaskIndex: number;
  readonly parallelism: number;
}
const OWN_HEADER = 8;

/** State that means something only to the same subtask at the same parallelism, as an element of union state: u32 subtask, u32 parallelism, then the bytes. */
export function ownState(place: Place, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(OWN_HEADER + bytes.length);
  const head = new DataView(out.buffer);
  head.setUint32(0, place.subtaskIndex, true);
  head.setUint32(4, place.parallelism, true);
  out.set(bytes, OWN_HEADER);
  return out;
}

/** The bytes that this subtask kept with `ownState`; undefined at another parallelism. */
export function takeOwnState(place: Place, union: readonly Uint8Array[]): Uint8Array | undefined {
  for (const bytes of union) {
    const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (head.getUint32(0, true) === place.subtaskIndex && head.getUint32(4, true) === place.parallelism) return bytes.slice(OWN_HEADER);
  }
  return undefined;
}
