import type { Command } from 'commander';

/** Adds `mpvg setup`, for a package that was installed: in a clone, `npm start` and `npm test` call set-up by themselves. */
export function addSetup(program: Command): void {
  program.command('setup')
    .description('Prepares this machine: finds or installs libtorch and compiles the native addon.')
    .addHelpText('after', `
libtorch is that of $MPVG_LIBTORCH, else of the torch that python3 imports, else a wheel which is installed into the package's own
.venv. Needs a C++20 compiler, CMake and make; takes a minute or two the first time, and nothing when all is there.

Examples:
  mpvg setup
  MPVG_LIBTORCH=~/venv/lib/python3.12/site-packages/torch mpvg setup`)
    .action(async () => {
      const steps = new URL('../../scripts/setup/steps.mjs', import.meta.url);
      const { setUp } = await import(steps.href) as { setUp: () => Promise<number> };
      process.exitCode = await setUp();
      if (process.exitCode === 0) process.stderr.write('mpvg set-up: all is there\n');
    });
}
