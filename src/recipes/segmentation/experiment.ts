// From a checked config to a segmentation model, its data and what is done with them.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../files/atomicWrite.ts';
import { decodeImage } from '../../data/decode.ts';
import { expectSoundFiles } from '../../data/files/fileCheck.ts';
import { checkSegmentationData } from '../../data/segmentation/checkSegmentationData.ts';
import { classSet } from '../../data/segmentation/classSet.ts';
import { openSegmentationSplit } from '../../data/segmentation/openSegmentationData.ts';
import type { SegmentationFolder } from '../../data/segmentation/segmentationFolder.ts';
import { checkpointPath } from '../../engine/runDirectory.ts';
import { loadWeights } from '../../engine/trainingState.ts';
import { createSegmentor } from '../../heads/upernet/createSegmentor.ts';
import type { UpernetSegmentor } from '../../heads/upernet/segmentor.ts';
import type { FloatTensor } from '../../nn/module.ts';
import type { StagesGiven } from '../../parity/given.ts';
import { segmentorStages } from '../../parity/segmentorStages.ts';
import { meanIouCurve } from '../../report/learningCurve.ts';
import { resultNames, withoutCommonFolder } from '../../report/resultNames.ts';
import { segmentationPicture } from '../../report/segmentationPicture.ts';
import { SegmentationTask } from '../../tasks/segmentation.ts';
import { SegmentationEvaluator } from '../../tasks/segmentationEvaluator.ts';
import type { Metrics } from '../../tasks/task.ts';
import { resolveClasses, type Resolved } from '../dataClasses.ts';
import type { Evaluation, Experiment, LookAtFiles, ModelCount, Prediction, Score, Split, Training } from '../recipe.ts';
import { percent } from '../scores.ts';
import { fitWarmup } from '../warmup.ts';
import { dataOptions, expectNormalisableBatches, photoView, trainerOptions, trainingAugmentation } from './options.ts';
import { LABELS, PhotoSegmentation, PICTURE } from './photoSegmentation.ts';
import type { SegmentationConfig } from './schema.ts';

/** Of the validation photos, so many get a picture at the end of a run. */
const PICTURES = 8;

export class SegmentationExperiment implements Experiment {
  readonly config: Resolved<SegmentationConfig>;
  readonly notes: readonly string[];

  private constructor(config: Resolved<SegmentationConfig>, notes: readonly string[]) {
    this.config = config;
    this.notes = notes;
  }

  /** @throws ConfigError for classes that cannot be */
  static async open(given: SegmentationConfig): Promise<SegmentationExperiment> {
    const { config, notes } = fitWarmup(given);
    return new SegmentationExperiment(await resolveClasses(config, () => classSet(config.data.classes).names.length), notes);
  }

  count(): ModelCount {
    const model = this.#createModel();
    const { cropPx } = this.config.augmentation.train;
    return { model, macs: model.macs(cropPx, cropPx), parts: ['backbone', 'decode_head', 'auxiliary_head'] };
  }

  async openTraining(look?: LookAtFiles): Promise<Training> {
    const { config } = this;
    expectNormalisableBatches(config);
    const training = await this.#openSplit('train');
    const validation = await this.#openSplit('val');
    const report = look && await checkSegmentationData([training, validation], look(config.data.dir, 'photos with maps'));
    if (report !== undefined) expectSoundFiles(report, 'checkSegmentationData', 'photos and label images');
    const model = this.#createModel();
    const { batchSize, accumulationSteps, seed, workers, augmentation: { mean, std } } = config;
    const evaluator = this.#evaluator(model, validation);
    const task = new SegmentationTask({
      model,
      data: training,
      evaluator,
      augmentation: trainingAugmentation(config),
      mean,
      std,
      batchSize: batchSize / accumulationSteps,
      seed,
      ...(workers !== undefined && { workers }),
    });
    return {
      task,
      options: trainerOptions(config, model.backbone),
      name: config.model.kind,
      data: `${count(training)} training and ${count(validation)} validation photos of ${model.classes} classes`,
      notes: report?.notes ?? [],
      curve: meanIouCurve,
      scores: mainScores,
      finish: async () => {
        await loadWeights(checkpointPath(config.out, 'best'), model);
        return [['pictures', await this.#drawPictures(evaluator, validation)]];
      },
    };
  }

  async openEvaluation(split: Split): Promise<Evaluation> {
    const data = await this.#openSplit(split);
    const model = this.#createModel();
    return {
      model,
      classNames: data.classes.names,
      evaluator: this.#evaluator(model, data),
      data: `${count(data)} photos of ${model.classes} classes`,
      scores: (metrics) => [...mainScores(metrics), ...classScores(metrics)],
    };
  }

  async openPrediction(): Promise<Prediction> {
    const { data, compile, augmentation: { mean, std } } = this.config;
    const model = this.#createModel();
    const classes = classSet(data.classes);
    return {
      model,
      classNames: classes.names,
      endings: [PICTURE, LABELS],
      predictor: () => new PhotoSegmentation({ model, classes, view: photoView(this.config), mean, std, compile }),
    };
  }

  async runStages(given: StagesGiven): Promise<ReadonlyMap<string, FloatTensor>> {
    return segmentorStages(this.#createModel(), given);
  }

  #createModel(): UpernetSegmentor {
    return createSegmentor(this.config.model);
  }

  async #openSplit(split: Split): Promise<SegmentationFolder> {
    return openSegmentationSplit(dataOptions(this.config), split === 'train' ? 'training' : 'validation');
  }

  #evaluator(model: UpernetSegmentor, data: SegmentationFolder): SegmentationEvaluator {
    const { workers, augmentation: { mean, std } } = this.config;
    const parallel = workers === undefined ? {} : { workers };
    return new SegmentationEvaluator({ model, data, view: photoView(this.config), mean, std, ...parallel });
  }

  /** Photo, truth and prediction side by side for the first photos of the validation data. @returns their folder */
  async #drawPictures(evaluator: SegmentationEvaluator, validation: SegmentationFolder): Promise<string> {
    const { out, compile } = this.config;
    const folder = join(out, 'pictures');
    const files = Array.from({ length: validation.size }, (_, i) => validation.describe(i));
    const names = resultNames(withoutCommonFolder(files), [PICTURE]);
    let drawn = 0;
    await evaluator.count({ compile, isStopped: () => drawn >= PICTURES }, async ({ map, index }, data) => {
      const prediction = { data, width: map.width, height: map.height };
      const photo = await decodeImage(files[index]!);
      const picture = await segmentationPicture({ photo, truth: map, prediction, classes: validation.classes });
      await writeFileAtomically(join(folder, names[index]! + PICTURE), (temporary) => writeFile(temporary, picture));
      drawn++;
    });
    return folder;
  }
}

function mainScores({ mIoU = 0, mAcc = 0, aAcc = 0 }: Metrics): Score[] {
  return [['mIoU', percent(mIoU)], ['mAcc', percent(mAcc)], ['aAcc', percent(aAcc)]];
}

function classScores(metrics: Metrics): Score[] {
  return Object.entries(metrics).filter(([name]) => name.startsWith('IoU.')).map(([name, iou]) => [name, percent(iou)]);
}

function count({ size }: { readonly size: number }): string {
  return size.toLocaleString('en');
}
