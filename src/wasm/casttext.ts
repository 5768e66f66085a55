import { T_I64 } from '#abi';
import { type LogicalType, STRING_LENGTH } from '../types/logical.js';
import { type Compiler, notSupported, type Val } from './compile.js';
import { pushWide } from './decimal.js';
import { digitsOf, shiftToLocal } from './instants.js';
import * as op from './opcodes.js';

const INTEGERS = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT']);
const isText = (t: LogicalType): boolean => t.root === 'VARCHAR' || t.root === 'CHAR';

const isBinary = (t: LogicalType): boolean => t.root === 'VARBINARY' || t.root === 'BINARY';

/** CHAR(n) is cut or padded to n characters, VARCHAR(n) cut. */
export function toText(c: Compiler, a: Val, to: Extract<LogicalType, { root: 'CHAR' | 'VARCHAR' | 'BINARY' | 'VARBINARY' }>): Val {
  const text = isText(a.type) ? { ...a, type: to } : isBinary(a.type) ? decode(c, a, to) : print(c, a, to);
  if (isText(a.type) && a.type.root === to.root && 'length' in a.type && a.type.length <= to.length && to.root === 'VARCHAR') return text;
  if (to.root === 'VARCHAR' && to.length === STRING_LENGTH) return text;
  return c.guarded(to, [text], false, (out) => {
    if (to.root === 'CHAR') c.pushArena();
    c.push(text);
    c.f.i32(to.length);
    c.kernel(to.root === 'CHAR' ? 'strPad' : 'strTruncate');
    c.popPacked(out);
  });
}

/** Bytes as the UTF-8 text they are; what is none becomes U+FFFD, as in Java. */
function decode(c: Compiler, a: Val, to: LogicalType): Val {
  return c.guarded(to, [a], false, (out) => {
    c.push(a);
    c.pop(out);
    c.push(out);
    c.kernel('bytesAreText');
    c.f.op(op.I32_EQZ).if();
    c.pushArena();
    c.push(out);
    c.host('repairText');
    c.popPacked(out);
    c.f.end();
  });
}

function print(c: Compiler, a: Val, to: LogicalType): Val {
  const f = c.f;
  return c.guarded(to, [a], false, (out) => {
    c.pushArena();
    switch (a.type.root) {
      case 'BOOLEAN':
        c.push(a);
        c.kernel('boolToStr');
        break;
      case 'FLOAT':
        c.push(a);
        c.kernel('floatToStr');
        break;
      case 'DOUBLE':
        c.push(a);
        c.kernel('doubleToStr');
        break;
      case 'DECIMAL':
        pushWide(c, a);
        f.i32(a.type.scale);
        c.kernel('decToStr');
        break;
      case 'DATE':
        c.push(a);
        c.kernel('dateToStr');
        break;
      case 'TIME':
        c.push(a);
        f.i32(a.type.precision);
        c.kernel('timeToStr');
        break;
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ': {
        const digits = digitsOf(a.type);
        c.push(a);
        if (a.type.root === 'TIMESTAMP_LTZ') shiftToLocal(c, digits);
        f.i32(digits).i32(a.type.precision);
        c.kernel('timestampToStr');
        break;
      }
      default:
        if (!INTEGERS.has(a.type.root)) throw notSupported(`CAST from ${a.type.root} to ${to.root}`);
        c.push(a);
        if (a.code !== T_I64) f.op(op.I64_EXTEND_I32_S);
        c.kernel('i64ToStr');
    }
    c.popPacked(out);
  });
}
