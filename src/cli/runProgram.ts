import { CommanderError, type Command } from 'commander';
import { UserError } from '../errors.ts';
import { resourceFailure } from './resourceFailure.ts';

/**
 * Runs a command line to its end. What the user can put right, and what the system does not give, is printed as one line on
 * stderr and gives 2; a fault of ours is printed with its stack and gives 1.
 * @param args without the program's name
 * @returns the exit code
 */
export async function runProgram(program: Command, args: readonly string[]): Promise<number> {
  exitOverride(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0); // a run that was stopped by a signal has set it
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const line = error instanceof UserError ? error.message : resourceFailure(error);
    if (line !== undefined) {
      process.stderr.write(`mpvg: ${line}\n`);
      return 2;
    }
    process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
    return 1;
  }
}

/** Of a command and all below it: a command gets its settings when it is made, not from the one above it later. */
function exitOverride(command: Command): void {
  command.exitOverride();
  command.commands.forEach(exitOverride);
}
