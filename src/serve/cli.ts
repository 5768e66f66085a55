import { ownModule } from '../base/modules.js';

/** The command line: `millrace run job.sql`, `millrace explain job.sql`, `millrace demo`, `millrace bench ads`. */
export async function main(argv: string[]): Promise<void> {
  // The usage text is coloured when its library loads: not where nobody sees colours.
  if (!process.stdout.isTTY) process.env.NO_COLOR ??= '1';
  if (argv[0] === 'bench') {
    const own = (await import(ownModule('bench/cli.js'))) as { bench(rawArgs: string[]): Promise<void> };
    await own.bench(argv.slice(1));
    return;
  }
  const { checkSubCommand, command, runMain } = await import('./commands.js');
  try {
    checkSubCommand(command, argv, 'millrace');
  } catch (e) {
    process.stderr.write(`${(e as Error).message}\n`);
    process.exitCode = 1;
    return;
  }
  await runMain(command, { rawArgs: argv });
}
