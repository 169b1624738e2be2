import { readFileSync } from 'node:fs';
import { Command } from 'commander';

/** The command line with all its commands; none of them has loaded anything yet. */
export function createProgram(): Command {
  return new Command('mpvg')
    .description('Vision transformers whose position embedding stays alive in every layer.')
    .version(packageVersion(), '--version')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(mpvg --help lists the commands, mpvg <command> --help its options)');
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
