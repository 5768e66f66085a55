// npm run bench -- NAME
import { bench } from './cli.js';

await bench(process.argv.slice(2));
