import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addBench } from './bench.ts';
import { addCoco } from './coco.ts';
import { addEvaluate } from './evaluate.ts';
import { addForward } from './forward.ts';
import { addHelp } from './helpCommand.ts';
import { addParams } from './params.ts';
import { addPredict } from './predict.ts';
import { addSetup } from './setup.ts';
import { addTrain } from './train.ts';

/** The command line with all its commands; none of them has loaded anything yet. */
export function createProgram(): Command {
  const program = new Command('mpvg')
    .description('Vision transformers whose position embedding stays alive in every layer.')
    .version(packageVersion(), '--version')
    .enablePositionalOptions() // an option after a command is that command's
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(mpvg --help lists the commands, mpvg <command> --help its options)');
  const commands = [addTrain, addEvaluate, addPredict, addParams, addForward, addCoco, addBench, addSetup];
  for (const add of commands) add(program);
  addHelp(program);
  return program;
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
