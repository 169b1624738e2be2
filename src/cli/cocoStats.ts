// `mpvg coco stats`.

import { CocoDataset } from '../data/coco/cocoDataset.ts';
import { cocoStats, type CocoCounts, type CocoStats } from '../data/coco/cocoStats.ts';
import type { HistogramBin, Spread } from '../data/coco/spread.ts';
import { reading } from './readingProgress.ts';
import { tableText } from './table.ts';

export interface CocoStatsFlags {
  readonly json?: true;
}

/** How many sizes of photos are named. */
const SIZES = 5;
/** Length of the longest bar of a histogram. */
const BAR = 40;

export async function printCocoStats(file: string, { json }: CocoStatsFlags): Promise<void> {
  const stats = cocoStats(await reading(file, (onProgress) => CocoDataset.open(file, onProgress)));
  console.log(json ? JSON.stringify({ file, ...stats }, null, 2) : statsText(file, stats));
}

function statsText(file: string, stats: CocoStats): string {
  const { kind, images, emptyImages, total, having, imageSizes } = stats;
  const nouns = kind === 'panoptic' ? 'segments' : 'annotations';
  const frequent = imageSizes.slice(0, SIZES).map((size) => `${size.width}x${size.height} (${number(size.images)})`);
  const sizes = imageSizes.length === 0 ? '' :
    `, of ${number(imageSizes.length)} sizes: ${frequent.join(', ')}${imageSizes.length > SIZES ? ', …' : ''}`;
  const parts = Object.entries(having).filter(([, count]) => count > 0).map(([name, count]) =>
    `${number(count)} with ${name === 'wrongForm' ? 'a segmentation or keypoints of wrong form (coco validate names them)' : name}`);
  return [
    `${file} (${kind})`,
    `${number(images)} photos, ${number(emptyImages)} of them without ${nouns}${sizes}`,
    `${number(total.annotations)} ${nouns}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`,
    '',
    spreadTable([
      [`${nouns} per photo`, stats.perPhoto],
      ['area, px²', stats.area],
      ['width of a photo, px', stats.width],
      ['height of a photo, px', stats.height],
    ]),
    ...histogramLines(`photos by number of ${nouns}`, stats.perPhotoHistogram,
      (above, upTo) => (upTo <= 2 ? `${upTo}` : `${above + 1}–${upTo}`)),
    ...histogramLines(`${nouns} by the square root of their area, px`, stats.sideHistogram,
      (above, upTo) => `${Math.max(0, above)}–${upTo}`),
    '',
    categoryTable(stats, nouns),
  ].join('\n');
}

function spreadTable(rows: readonly (readonly [name: string, spread: Spread | undefined])[]): string {
  return tableText([
    ['', 'min', 'median', 'mean', 'max'],
    ...rows.flatMap(([name, spread]) =>
      (spread ? [[name, ...[spread.min, spread.median, spread.mean, spread.max].map(number)]] : [])),
  ]);
}

function histogramLines(title: string, bins: readonly HistogramBin[], label: (above: number, upTo: number) => string): string[] {
  if (bins.length === 0) return [];
  const most = Math.max(...bins.map(({ count }) => count));
  const rows = bins.map(({ above, upTo, count }) => [label(above, upTo), number(count)] as const);
  const [labels, counts] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length))) as [number, number];
  return ['', title, ...rows.map(([name, count], i) =>
    `${name.padStart(labels + 2)}  ${count.padStart(counts)}  ${'#'.repeat(Math.ceil(bins[i]!.count / most * BAR))}`.trimEnd())];
}

function categoryTable({ perCategory, unknownCategory, total }: CocoStats, nouns: string): string {
  const cells = (counts: CocoCounts): string[] =>
    [counts.annotations, counts.photos, counts.crowds, counts.small, counts.medium, counts.large].map(number);
  return tableText([
    ['category', 'id', nouns, 'photos', 'crowds', 'small', 'medium', 'large'],
    ...perCategory.map((row) => [row.name, `${row.id}`, ...cells(row)]),
    ...(unknownCategory ? [['not in the list', '', ...cells(unknownCategory)]] : []),
    ['total', '', ...cells(total)],
  ]);
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 1 });
}
