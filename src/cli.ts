#!/usr/bin/env node
import { main } from './serve/cli.js';

await main(process.argv.slice(2));
