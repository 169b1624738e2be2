// A trained model to ask about photos, in code.

import { selectBackend, type BackendOptions } from '../backends/select.ts';
import { setPrecision } from '../engine/precision.ts';
import { loadWeights } from '../engine/trainingState.ts';
import { expectPart, type Predictor } from '../recipes/recipe.ts';
import { openExperiment, type ConfigOverrides } from './loadConfig.ts';

/** Which weights, and where the model runs. */
export interface PredictorOptions extends BackendOptions {
  /** A run, one of its checkpoints or a .safetensors file. Default: the run that is given. */
  readonly checkpoint?: string;
  /** What is changed in the config. Default: nothing. */
  readonly overrides?: ConfigOverrides;
}

/**
 * Loads a trained model of any task.
 *
 *     const predictor = await loadPredictor('runs/quickstart');
 *     const { result, headline } = await predictor.predict('holiday.jpg');
 *     predictor.dispose();
 *
 * @param run a run, or a config file with `checkpoint`
 * @returns asks the model about one photo at a time; to be disposed of
 * @throws UserError when there is no such run, or its weights are of another model
 */
export async function loadPredictor(
  run: string, { checkpoint = run, overrides = {}, ...backend }: PredictorOptions = {},
): Promise<Predictor> {
  const experiment = await openExperiment(run, overrides);
  const prediction = await expectPart(experiment, 'openPrediction')();
  const { model, classNames } = prediction;
  setPrecision(experiment.config.precision);
  await selectBackend(backend);
  const loaded = await loadWeights(checkpoint, model, classNames);
  model.initialise(0); // counts of batches, which files may leave out
  const predictor = prediction.predictor(loaded.classNames);
  return {
    predict: async (photo) => predictor.predict(photo),
    dispose: () => {
      predictor.dispose();
      model.dispose();
    },
  };
}
