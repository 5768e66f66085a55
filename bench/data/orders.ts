import { eventTime, EVENTS_PER_MS } from './ads.js';
import { bytes, type Cursor, decimal, field, inputFile, integer, oneOf, Random, uuids, type Write, writeRecords } from './records.js';

/**
 * Orders as JSON lines, about 100 bytes each: order_id, user_id, category, amount (cents), event_time (ms). A million users, time and disorder as of the ads:
 * 100,000 orders in 10 s, so that a window holds some 95,000 users and 10 M orders give 9.5 M result rows.
 */
export type OrdersShape = keyof typeof SHAPES;

const SHAPES = {
  plain: 'user_id is a number',
  uuid: 'user_id is a text of 36 bytes',
  shuffled: 'each record in its own key order',
} as const;

export const ordersShapes = Object.keys(SHAPES) as OrdersShape[];

export const ORDER_USERS = 1_000_000;
const AMOUNT_MAX = 49_999;

/** The file of `records` orders in `shape`; made when it is not there. */
export const ordersFile = (records: number, shape: OrdersShape = 'plain'): string =>
  inputFile(shape === 'plain' ? `orders-${records}.jsonl` : `orders-${shape}-${records}.jsonl`, (path) => writeOrders(path, records, shape));

export function writeOrders(path: string, records: number, shape: OrdersShape, eventsPerMs = EVENTS_PER_MS, users = ORDER_USERS): void {
  const random = new Random(43);
  const cursor: Cursor = { record: 0 };
  const orderId: Write = (out, at) => decimal(out, at, 1_000_000_000 + cursor.record, 10);
  const fields = [
    field('order_id', orderId),
    field('user_id', shape === 'uuid' ? oneOf(random, uuids(random, users)) : integer(random, 1, users)),
    field('category', oneOf(random, ['"books"', '"garden"', '"toys"', '"groceries"', '"sports and outdoors"'].map(bytes))),
    field('amount', integer(random, 1, AMOUNT_MAX)),
    field('event_time', eventTime(random, cursor, eventsPerMs)),
  ];
  writeRecords(path, records, { cursor, fields, comma: ',', random, shuffled: shape === 'shuffled' });
}
