import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runProgram } from '../../src/cli/runProgram.ts';
import { DataError } from '../../src/errors.ts';

/** A program with one command, which takes a number of dogs and does as told. */
function programThat(action: () => Promise<void>) {
  const program = new Command('mpvg');
  program.command('walk').argument('<place>').option('--dogs <n>', 'how many').action(action);
  for (const command of [program, ...program.commands]) command.configureOutput({ writeOut: () => undefined });
  return program;
}

let printed = '';
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

describe('runProgram', () => {
  it('gives 0 when the command ends well', async () => {
    expect(await runProgram(programThat(async () => undefined), ['walk', 'park', '--dogs', '3'])).toBe(0);
    expect(printed).toBe('');
  });

  it('prints a mistake of the user as one line and gives 2', async () => {
    const mistake = programThat(async () => { throw new DataError('walk: expected a dog, got a cat'); });
    expect(await runProgram(mistake, ['walk', 'park'])).toBe(2);
    expect(printed).toBe('mpvg: walk: expected a dog, got a cat\n');
  });

  it('prints a fault of ours with its stack and gives 1', async () => {
    const fault = programThat(async () => { throw new TypeError('undefined is not a dog'); });
    expect(await runProgram(fault, ['walk', 'park'])).toBe(1);
    expect(printed).toMatch(/^TypeError: undefined is not a dog\n\s+at .*runProgram\.test\.ts/);
  });

  it.each([
    [['walk', 'park', '--dgos', '3'], /unknown option '--dgos'\n\(Did you mean --dogs\?\)/],
    [['wlak'], /unknown command 'wlak'/],
    [['walk'], /missing required argument 'place'/],
  ])('names what is wrong with the arguments %j and gives 2', async (args, message) => {
    expect(await runProgram(programThat(async () => undefined), args)).toBe(2);
    expect(printed).toMatch(message);
  });

  it('gives 2 for wrong arguments of a command below a command', async () => {
    const program = new Command('mpvg');
    program.command('pets').command('walk').option('--dogs <n>', 'how many').action(() => undefined);
    expect(await runProgram(program, ['pets', 'walk', '--cats', '3'])).toBe(2);
    expect(printed).toMatch(/unknown option '--cats'/);
  });

  it('gives 0 for --help', async () => {
    expect(await runProgram(programThat(async () => undefined), ['walk', '--help'])).toBe(0);
    expect(printed).toBe('');
  });
});
