// The work of `evaluate CONFIG`: a checkpoint measured on one split of its data.

import { selectBackend, type BackendOptions } from '../backends/select.ts';
import { findCheckpoint } from '../checkpoint/checkpoint.ts';
import { openExperiment, type ConfigOverrides } from '../config/loadConfig.ts';
import { Interrupt } from '../engine/interrupt.ts';
import { setPrecision } from '../engine/precision.ts';
import { loadWeights } from '../engine/trainingState.ts';
import { expectPart, type Split } from '../recipes/recipe.ts';
import { tableText } from './table.ts';
import { tell } from './tell.ts';

export interface EvaluationOptions {
  /** A run, a checkpoint or a .safetensors file. */
  readonly checkpoint: string;
  readonly split: Split;
  readonly json: boolean;
  readonly backend: BackendOptions;
}

/**
 * Measures a checkpoint and prints its scores.
 * @returns the exit code: 0, or 130, 143 or 129 after a signal
 * @throws UserError
 */
export async function runEvaluation(
  file: string, overrides: ConfigOverrides, { checkpoint, split, json, backend }: EvaluationOptions,
): Promise<number> {
  const experiment = await openExperiment(file, overrides);
  const path = await findCheckpoint(checkpoint);
  setPrecision(experiment.config.precision);
  await selectBackend(backend);
  const evaluation = await expectPart(experiment, 'openEvaluation')(split);
  const { model, classNames, evaluator, data } = evaluation;
  const interrupt = new Interrupt({ onRequest: () => tell('stopping; once more (Ctrl-C) ends at once') });
  try {
    for (const note of (await loadWeights(path, model, classNames)).notes) tell(note);
    model.initialise(0); // counts of batches, which files may leave out
    tell(`${path} on ${data}`);
    const metrics = await evaluator.evaluate({ compile: experiment.config.compile, isStopped: () => interrupt.isRequested });
    if (metrics === undefined) return interrupt.exitCode;
    const result = { checkpoint: path, split, metrics };
    console.log(json ? JSON.stringify(result, undefined, 2) : tableText(evaluation.scores(metrics)));
    return 0;
  } finally {
    interrupt.dispose();
    await evaluator.close();
    model.dispose();
  }
}
