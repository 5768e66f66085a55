import { eventTime } from './ads.js';
import { type Cursor, field, inputFile, integer, Random, type Write, writeRecords } from './records.js';

/** Of how many keys, and whether one of them has half of all records. */
export interface Keys {
  readonly count: number;
  readonly hot: boolean;
}

/** Two million records in 10 s of event time, so that a window meets nearly all of a million keys. */
const EVENTS_PER_MS = 200;
const AMOUNT_MAX = 49_999;

/** JSON lines of about 70 bytes: user_id, amount, event_time (ms). Made when the file is not there. */
export const skewedFile = (records: number, keys: Keys): string =>
  inputFile(`skew-${keys.count}${keys.hot ? '-hot' : ''}-${records}.jsonl`, (path) => {
    const random = new Random(44);
    const cursor: Cursor = { record: 0 };
    const any = integer(random, 1, keys.count);
    const hottest = integer(random, Math.ceil(keys.count / 2), 1);
    const key: Write = keys.hot ? (out, at) => (random.below(2) === 0 ? hottest : any)(out, at) : any;
    const fields = [field('user_id', key), field('amount', integer(random, 1, AMOUNT_MAX)), field('event_time', eventTime(random, cursor, EVENTS_PER_MS))];
    writeRecords(path, records, { cursor, fields, comma: ',', random, shuffled: false });
  });
