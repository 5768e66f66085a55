// node:test's spec reporter, with the closing summary in the same form everywhere: "# pass 12", terminal or not, on every Node.
import { Readable } from 'node:stream';
import { spec } from 'node:test/reporters';

export default async function* reporter(events) {
  for await (const chunk of Readable.from(events).compose(new spec())) {
    yield String(chunk).replace(/ℹ (?=(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) )/g, '# ');
  }
}
