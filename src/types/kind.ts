/** Flink's row kinds, by their byte values. */
export const ROW_KINDS = ['+I', '-U', '+U', '-D'] as const;
export type RowKind = (typeof ROW_KINDS)[number];
