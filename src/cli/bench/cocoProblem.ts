// A COCO evaluation problem of val2017's size for `mpvg bench coco`: as many photos, classes and objects, polygons of as many
// points, crowds as run lengths, written as the official files are.

import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { rleFromPolygon } from '../../data/coco/polygonRle.ts';
import { formatRle } from '../../data/coco/rleString.ts';
import { Rng } from '../../random/rng.ts';

export interface ProblemSize {
  readonly photos: number;
  readonly truths: number;
  readonly detections: number;
}

/** Paths of the files. */
export interface ProblemFiles {
  readonly truth: string;
  readonly bbox: string;
  readonly segm: string;
}

const CLASSES = 80;

interface Thing {
  readonly image: number;
  readonly category: number;
  readonly polygon: readonly number[];
}

/** Writes the ground truth, and results as boxes and as masks. */
export async function writeProblem(folder: string, { photos, truths, detections }: ProblemSize, seed = 0): Promise<ProblemFiles> {
  const rng = new Rng(seed);
  const images = Array.from({ length: photos }, (_, i) => {
    const isWide = rng.chance(0.7);
    return { id: 139 + 116 * i, width: isWide ? 640 : 480, height: isWide ? 480 : 640, file_name: `${i}`.padStart(12, '0') + '.jpg' };
  });
  const categories = Array.from({ length: CLASSES }, (_, i) => ({ supercategory: `group ${i >> 3}`, id: i + 1, name: `class ${i + 1}` }));
  const files = { truth: join(folder, 'truth.json'), bbox: join(folder, 'bbox.json'), segm: join(folder, 'segm.json') };

  // A photo shows a few classes, each several times, as photos do.
  const drawClass = () => 1 + Math.floor(CLASSES * rng.uniform() ** 2);
  const classesOf = images.map(() => Array.from({ length: 1 + rng.integer(5) }, drawClass));
  const things = Array.from({ length: truths }, (): Thing => {
    const image = Math.floor(photos * rng.uniform());
    const classes = classesOf[image]!;
    return { image, category: classes[rng.integer(classes.length)]!, polygon: outline(rng, images[image]!) };
  });
  await writeList(files.truth, `{"info":{},"licenses":[],"images":${JSON.stringify(images)},"annotations":[`, function* () {
    for (const [i, { image, category, polygon }] of things.entries()) {
      const { id: image_id, height, width } = images[image]!;
      const iscrowd = rng.chance(0.012) ? 1 : 0;
      const { counts } = iscrowd ? rleFromPolygon(polygon, height, width) : { counts: [] };
      yield {
        segmentation: iscrowd ? { counts: [...counts], size: [height, width] } : [polygon],
        area: areaOf(polygon), iscrowd, image_id,
        bbox: boxOf(polygon), category_id: category, id: 900_000 + ((i * 7919) % truths),
      };
    }
  }, `],"categories":${JSON.stringify(categories)}}`);

  const found = Array.from({ length: detections }, (_, i): Thing & { score: number } => {
    const thing = things[i % truths]!;
    const isRight = rng.chance(0.6);
    const category = rng.chance(0.9) ? thing.category : 1 + rng.integer(CLASSES);
    const polygon = isRight ? moved(rng, thing.polygon) : outline(rng, images[thing.image]!);
    return { image: thing.image, category, polygon, score: rounded(isRight ? rng.uniform(0.3, 1) : rng.uniform(0.05, 0.7), 3) };
  });
  const result = ({ image, category, score }: typeof found[number]) =>
    ({ image_id: images[image]!.id, category_id: category, score });
  await writeList(files.bbox, '[', function* () {
    for (const one of found) yield { ...result(one), bbox: boxOf(one.polygon) };
  }, ']');
  await writeList(files.segm, '[', function* () {
    for (const one of found) {
      const { height, width } = images[one.image]!;
      const counts = formatRle(rleFromPolygon(one.polygon, height, width));
      yield { ...result(one), segmentation: { size: [height, width], counts } };
    }
  }, ']');
  return files;
}

/** An uneven outline of about 25 points in a random place; small ones are more frequent, as in COCO. */
function outline(rng: Rng, { width, height }: { readonly width: number; readonly height: number }): number[] {
  const radius = 6 * 40 ** rng.uniform();
  const [x, y] = [rng.uniform(0, width), rng.uniform(0, height)];
  const points = 8 + rng.integer(34);
  return Array.from({ length: points }, (_, i) => {
    const angle = 2 * Math.PI * i / points;
    const r = radius * rng.uniform(0.6, 1);
    return [clamped(x + r * Math.cos(angle), width), clamped(y + r * Math.sin(angle), height)];
  }).flat();
}

function moved(rng: Rng, polygon: readonly number[]): number[] {
  const [, , width, height] = boxOf(polygon);
  const [dx, dy] = [0.08 * width! * rng.normal(), 0.08 * height! * rng.normal()];
  return polygon.map((value, i) => rounded(Math.max(0, value + (i % 2 === 0 ? dx : dy)), 2));
}

function clamped(value: number, high: number): number {
  return rounded(Math.min(high, Math.max(0, value)), 2);
}

function boxOf(polygon: readonly number[]): number[] {
  const xs = polygon.filter((_, i) => i % 2 === 0);
  const ys = polygon.filter((_, i) => i % 2 === 1);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x, Math.max(...ys) - y].map((value) => rounded(value, 2));
}

/** Shoelace formula. */
function areaOf(polygon: readonly number[]): number {
  let twice = 0;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    twice += polygon[j]! * polygon[i + 1]! - polygon[i]! * polygon[j + 1]!;
  }
  return Math.abs(twice) / 2;
}

function rounded(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}

async function writeList(path: string, head: string, items: () => Iterable<object>, tail: string): Promise<void> {
  const stream = createWriteStream(path);
  let text = head;
  let separator = '';
  for (const item of items()) {
    text += separator + JSON.stringify(item);
    separator = ',';
    if (text.length < 1 << 20) continue;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  stream.end(text + tail);
  await once(stream, 'close');
}
