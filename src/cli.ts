#!/usr/bin/env node
// The usage text is coloured when its library loads: not where nobody sees colours.
if (!process.stdout.isTTY) process.env.NO_COLOR ??= '1';

const { main } = await import('./serve/cli.js');
await main(process.argv.slice(2));
