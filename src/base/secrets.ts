/** What Flink hides of options (GlobalConfiguration.isSensitive), and what holds keys and passwords besides. */
const SENSITIVE = [
  'password',
  'secret',
  'fs.azure.account.key',
  'apikey',
  'api-key',
  'auth-params',
  'service-key',
  'token',
  'basic-auth',
  'jaas.config',
  'http-headers',
  'keystore.key',
  'certificate.chain',
  'passphrase',
  'credential',
];
const HIDDEN = '******';

/** Is the option's value a secret? */
export function isSensitive(key: string): boolean {
  const lower = key.toLowerCase();
  return SENSITIVE.some((s) => lower.includes(s));
}

const SECRET_TEXT = /(password|passwd|secret|token|api-?key|passphrase)\s*=|-----BEGIN/i;

/** The value as it may be shown. */
export function masked(key: string, value: string): string {
  return isSensitive(key) || SECRET_TEXT.test(value) ? HIDDEN : value;
}

/** A quoted text, closed or not. */
const QUOTED = "'(?:[^']|'')*(?:'|$)";
const PAIR = new RegExp(`(${QUOTED}|[\\w.-]+)(\\s*=\\s*)(${QUOTED}|[^\\s;'"]+)`, 'g');
const LONE = new RegExp(QUOTED, 'g');

/** A script with the values of secret options as stars, as long as they were, so that places in it stay what they are. */
export function maskedScript(text: string): string {
  const pairs = text.replace(PAIR, (all: string, key: string, between: string, value: string) =>
    isSensitive(key) ? `${key}${between}${starred(value)}` : all,
  );
  return pairs.replace(LONE, (s) => (SECRET_TEXT.test(s) ? starred(s) : s));
}

/** Line ends stay: they are places too. */
function starred(value: string): string {
  const [open, close] = [value.startsWith("'") ? 1 : 0, value.length > 1 && value.endsWith("'") ? 1 : 0];
  return value.slice(0, open) + value.slice(open, value.length - close).replace(/[^\r\n]/g, '*') + value.slice(value.length - close);
}
