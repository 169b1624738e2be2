// From a checked config to a classifier, its data and what is done with them.

import { isDeepStrictEqual } from 'node:util';
import type { Classifier } from '../../backbones/classifier.ts';
import { createClassifier } from '../../backbones/createClassifier.ts';
import { joinPresets } from '../../backbones/position/join.ts';
import { checkPictures } from '../../data/checkPictures.ts';
import type { ClassificationDataset } from '../../data/dataset.ts';
import { expectSoundFiles } from '../../data/files/fileCheck.ts';
import { openDataset } from '../../data/openDataset.ts';
import type { FloatTensor } from '../../nn/module.ts';
import { classifierStages } from '../../parity/classifierStages.ts';
import type { StagesGiven } from '../../parity/given.ts';
import { top1Curve } from '../../report/learningCurve.ts';
import { ClassificationTask, expectSameClassNames } from '../../tasks/classification.ts';
import { ClassificationEvaluator, type PictureView } from '../../tasks/classificationEvaluator.ts';
import type { Metrics } from '../../tasks/task.ts';
import { resolveClasses, type Resolved } from '../dataClasses.ts';
import type { Evaluation, Experiment, LookAtFiles, ModelCount, Prediction, Score, Split, Training } from '../recipe.ts';
import { percent } from '../scores.ts';
import { fitWarmup } from '../warmup.ts';
import { PhotoClassifier } from './photoClassifier.ts';
import { cifarClasses, type ClassificationConfig } from './schema.ts';

export class ClassificationExperiment implements Experiment {
  readonly config: Resolved<ClassificationConfig>;
  readonly notes: readonly string[];

  private constructor(config: Resolved<ClassificationConfig>, notes: readonly string[]) {
    this.config = config;
    this.notes = notes;
  }

  /** @throws DataError when the number of classes is left to data that cannot be opened */
  static async open(given: ClassificationConfig): Promise<ClassificationExperiment> {
    const { config, notes } = fitWarmup(given);
    const count = async (): Promise<number> =>
      (config.data.kind === 'imageFolder' ? (await openDataset(config.data, 'train')).classNames.length : cifarClasses[config.data.kind]);
    return new ClassificationExperiment(await resolveClasses(config, count), notes);
  }

  count(): ModelCount {
    const model = this.#createModel();
    return { model, macs: model.macs(), parts: [] };
  }

  async openTraining(look?: LookAtFiles): Promise<Training> {
    const { config } = this;
    const { data, augmentation, accumulationSteps, labelSmoothing, seed, workers, model: { join } } = config;
    const training = await openDataset(data, 'train');
    const validation = await openDataset(data, 'val');
    if (look !== undefined && data.kind === 'imageFolder') {
      const report = await checkPictures([training, validation], look(data.trainDir, 'photos'));
      expectSoundFiles(report, 'checkPictures', 'photos');
    }
    expectSameClassNames(training.classNames, validation.classNames);
    const model = this.#createModel();
    const batchSize = config.batchSize / accumulationSteps;
    const task = new ClassificationTask({
      model,
      data: training,
      evaluator: this.#evaluator(model, validation),
      view: { ...augmentation, transforms: augmentation.train },
      batchSize,
      labelSmoothing,
      seed,
      ...(workers !== undefined && { workers }),
    });
    return {
      task,
      options: config,
      name: config.model.kind,
      data: `${count(training)} training and ${count(validation)} validation images of ${model.classes} classes`,
      notes: [],
      curve: top1Curve,
      rival: isDeepStrictEqual(join, joinPresets.default) ? 'mpvg' : 'default',
      scores,
    };
  }

  async openEvaluation(split: Split): Promise<Evaluation> {
    const data = await openDataset(this.config.data, split);
    const model = this.#createModel();
    return {
      model,
      classNames: data.classNames,
      evaluator: this.#evaluator(model, data),
      data: `${count(data)} images of ${model.classes} classes`,
      scores: (metrics) => [...scores(metrics), ['loss', metrics['loss']!.toFixed(4)]],
    };
  }

  async openPrediction(): Promise<Prediction> {
    const { compile } = this.config;
    const model = this.#createModel();
    return {
      model,
      endings: [],
      predictor: (classNames) => new PhotoClassifier({ model, view: this.#view(), compile, ...(classNames && { classNames }) }),
    };
  }

  async runStages(given: StagesGiven): Promise<ReadonlyMap<string, FloatTensor>> {
    return classifierStages(this.#createModel(), given);
  }

  #createModel(): Classifier {
    return createClassifier(this.config.model);
  }

  #view(): PictureView {
    const { augmentation } = this.config;
    return { ...augmentation, transforms: augmentation.eval };
  }

  #evaluator(model: Classifier, data: ClassificationDataset): ClassificationEvaluator {
    const { batchSize, accumulationSteps, seed, workers } = this.config;
    const loading = { batchSize: batchSize / accumulationSteps, seed, ...(workers !== undefined && { workers }) };
    return new ClassificationEvaluator({ model, data, view: this.#view(), ...loading });
  }
}

function scores({ top1 = 0, top5 }: Metrics): Score[] {
  return [['top-1', percent(top1)], ...(top5 === undefined ? [] : [['top-5', percent(top5)] as const])];
}

function count({ size }: { readonly size: number }): string {
  return size.toLocaleString('en');
}
