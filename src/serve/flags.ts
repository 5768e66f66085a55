import type { ArgsDef, CommandDef } from 'citty';
import { MillraceError, nearest } from '../base/errors.js';

/** Every command has these. */
const EVERYWHERE = ['help', 'version'];

/** Fails with UNKNOWN_OPTION for a flag that the command does not have, and for an argument too many: the parser would pass over them. */
export function checkFlags(args: ArgsDef, rawArgs: readonly string[], command: string): void {
  const known = Object.entries(args).flatMap(([name, def]) => (def.type === 'positional' ? [] : [name, ...[('alias' in def && def.alias) || []].flat()]));
  const positionalMax = Object.values(args).filter((def) => def.type === 'positional').length;
  let positionals = 0;
  for (let i = 0; i < rawArgs.length; i++) {
    const arg = rawArgs[i];
    if (!arg.startsWith('-') || arg === '-') {
      if (++positionals > positionalMax) {
        throw new MillraceError('UNKNOWN_OPTION', `'${command}' does not take '${arg}'`, { remedy: `'${command} --help' shows what it takes.` });
      }
      continue;
    }
    const name = arg.replace(/^--?/, '').replace(/=.*$/, '');
    const def = args[name];
    const negated = name.startsWith('no-') && args[name.slice(3)]?.type === 'boolean';
    if (!known.includes(name) && !negated && !EVERYWHERE.includes(name) && name !== 'h') throw unknown(name, [...known, ...EVERYWHERE], command);
    // its value is the next argument
    if (def !== undefined && def.type !== 'boolean' && !arg.includes('=')) i++;
  }
}

function unknown(name: string, known: readonly string[], command: string): MillraceError {
  const near = nearest(name, known);
  return new MillraceError('UNKNOWN_OPTION', `'${command}' has no flag --${name}`, {
    remedy: near === undefined ? `It has: ${known.map((k) => `--${k}`).join(', ')}.` : `Did you mean --${near}?`,
  });
}

/** The same for the subcommand that the arguments name; a name that is none is left to the parser. */
export function checkSubCommand(command: CommandDef, rawArgs: readonly string[], name: string): void {
  const subCommands = command.subCommands as Readonly<Record<string, CommandDef>>;
  const sub = Object.hasOwn(subCommands, rawArgs[0] ?? '') ? subCommands[rawArgs[0]] : undefined;
  if (sub !== undefined) checkFlags((sub.args ?? {}) as ArgsDef, rawArgs.slice(1), `${name} ${rawArgs[0]}`);
  else if (rawArgs[0]?.startsWith('-')) checkFlags({}, rawArgs, name);
}
