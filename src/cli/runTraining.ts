// Trains a task in its run's folder and tells what happens: progress, what a signal did, the learning curve, a summary.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomicWrite.ts';
import { Interrupt } from '../engine/interrupt.ts';
import { Progress } from '../engine/progress.ts';
import type { RunDirectory } from '../engine/runDirectory.ts';
import { readRunLog } from '../engine/runLog.ts';
import { train, type TrainerOptions, type TrainingResult } from '../engine/trainer.ts';
import { learningCurve, type CurveMetric } from '../report/learningCurve.ts';
import type { Task } from '../tasks/task.ts';
import { shellCommand } from './shellCommand.ts';

export interface RunTrainingOptions {
  readonly curve: CurveMetric;
  /** What is printed at the end of a run that was not stopped. */
  readonly summary: (result: TrainingResult) => string | Promise<string>;
}

/**
 * Trains to the end of the schedule or to a signal, and closes the run's log.
 * @returns the exit code: 0, or 130, 143 or 129 after a signal
 * @throws UserError
 */
export async function runTraining<Batch>(
  task: Task<Batch>,
  options: TrainerOptions,
  run: RunDirectory,
  { curve, summary }: RunTrainingOptions,
): Promise<number> {
  let progress: Progress | undefined;
  const interrupt = new Interrupt({
    onRequest: () => (progress ?? { message: tell }).message('stopping after this step; once more (Ctrl-C) ends at once'),
  });
  try {
    const result = await train(task, options, run, {
      isStopped: () => interrupt.isRequested,
      onEvaluation: () => drawCurve(run, curve),
      progress: (totalSteps, doneSteps) => (progress = new Progress({ totalSteps, doneSteps })),
    });
    const isStopped = result.step < result.totalSteps || result.last?.step !== result.step; // the last evaluation included
    if (isStopped) {
      tell(`stopped after step ${result.step} of ${result.totalSteps}; go on with: ${resumeCommand()}`);
      return interrupt.exitCode;
    }
    console.log(await summary(result));
    return 0;
  } finally {
    interrupt.dispose();
    run.log.close();
  }
}

/** Standard output stays for results. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function drawCurve({ path, log }: RunDirectory, curve: CurveMetric): Promise<void> {
  const picture = learningCurve(readRunLog(log.path), path, curve);
  await writeFileAtomically(join(path, 'curve.svg'), (temporary) => writeFile(temporary, picture));
}

function resumeCommand(): string {
  return shellCommand(process.argv.slice(2), { without: { flags: ['--resume'], options: [] }, and: ['--resume'] });
}
