// `mpvg bench miou`: how many pixels per second one core counts, on maps as smooth as labels are and on noise, and PyTorch
// counting the same maps mmsegmentation's way. Told apart from that: the same maps from PNGs, decoding included.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { countLabelPairs, pairLabelFolders } from '../../evaluation/labelFolders.ts';
import { MeanIou } from '../../evaluation/meanIou.ts';
import { Rng } from '../../random/rng.ts';
import { median } from './numbers.ts';
import { torchPython } from './torchProcess.ts';

export interface MiouBenchOptions {
  /** Maps counted per round. */
  readonly maps: number;
  readonly rounds: number;
  readonly classes: number;
  /** A Python that has PyTorch; undefined: the project's, else python3. */
  readonly python: string | undefined;
  /** Told each result as it comes. */
  readonly report: (line: string) => void;
}

export interface MiouBenchResult {
  readonly kind: 'smooth' | 'noise';
  /** Median over the rounds. */
  readonly pixelsPerSecond: number;
  /** The same, of the time that the processor spent on this process alone. */
  readonly pixelsPerCpuSecond: number;
  /** Read from PNGs, decoded and counted, on as many threads as libuv has. */
  readonly fromFiles: { readonly pixelsPerSecond: number; readonly pixelsPerCpuSecond: number };
  /** Undefined: there is no PyTorch. */
  readonly torch: TorchCount | undefined;
}

interface TorchCount {
  readonly pixelsPerSecond: number;
  /** Whether its areas are ours. */
  readonly isEqual: boolean;
}

type LabelPair = readonly [prediction: Uint8Array, truth: Uint8Array];

const sidePx = 512;
const pixels = sidePx * sidePx;
const distinctMaps = 32; // 16 MB: more than fits into the caches beside the counts
const script = fileURLToPath(new URL('../../../bench/miou/torch_areas.py', import.meta.url));

export async function benchMiou({ maps, rounds, classes, python, report }: MiouBenchOptions): Promise<MiouBenchResult[]> {
  const rng = new Rng(512);
  const results: MiouBenchResult[] = [];
  for (const [kind, make] of [['smooth', smoothPair], ['noise', noisePair]] as const) {
    const pairs = Array.from({ length: distinctMaps }, () => make(rng, classes));
    const turns = Array.from({ length: rounds + 1 }, () => countAll(pairs, maps, classes)).slice(1); // the first one compiles
    const fromFiles = await countFiles(pairs, classes);
    const torch = await countInTorch(pairs, classes, python);
    const result: MiouBenchResult = {
      kind,
      pixelsPerSecond: median(turns.map(({ seconds }) => (maps * pixels) / seconds)),
      pixelsPerCpuSecond: median(turns.map(({ cpuSeconds }) => (maps * pixels) / cpuSeconds)),
      fromFiles,
      torch,
    };
    results.push(result);
    report(`${kind}, ${maps} maps of ${sidePx} x ${sidePx}, ${classes} classes: ${millions(result.pixelsPerSecond)} million pixels per second ` +
      `(${millions(result.pixelsPerCpuSecond)} of processor time), ${millions(fromFiles.pixelsPerSecond)} (${millions(fromFiles.pixelsPerCpuSecond)}) from PNGs; PyTorch ${torch === undefined ? 'not found' : `${millions(torch.pixelsPerSecond)}, ${torch.isEqual ? 'the same areas' : 'OTHER AREAS'}`}`);
  }
  return results;
}

interface Times {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

function countAll(pairs: readonly LabelPair[], maps: number, classes: number): Times {
  const counter = new MeanIou({ classes });
  const stop = watch();
  for (let i = 0; i < maps; i++) {
    const [prediction, truth] = pairs[i % pairs.length]!;
    counter.add(prediction, truth);
  }
  counter.result();
  return stop();
}

/** The same from a folder of PNGs, which is in the system's memory by then. */
async function countFiles(pairs: readonly LabelPair[], classes: number): Promise<MiouBenchResult['fromFiles']> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mpvg-bench-miou-'));
  try {
    const [truth, prediction] = ['truth', 'prediction'].map((name) => path.join(folder, name)) as [string, string];
    for (const [of, side] of [[prediction, 0], [truth, 1]] as const) {
      mkdirSync(of);
      await Promise.all(pairs.map((pair, i) => sharp(pair[side], { raw: { width: sidePx, height: sidePx, channels: 1 } })
        .toColourspace('b-w').png().toFile(path.join(of, `${i}.png`))));
    }
    const counter = new MeanIou({ classes });
    const stop = watch();
    await countLabelPairs(counter, (await pairLabelFolders({ truth, prediction })).pairs);
    const { seconds, cpuSeconds } = stop();
    return { pixelsPerSecond: (pairs.length * pixels) / seconds, pixelsPerCpuSecond: (pairs.length * pixels) / cpuSeconds };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function watch(): () => Times {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
  };
}

/** One core of PyTorch on the same maps; undefined where there is none. */
async function countInTorch(
  pairs: readonly LabelPair[], classes: number, python: string | undefined,
): Promise<TorchCount | undefined> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mpvg-bench-miou-'));
  try {
    const file = path.join(folder, 'maps.bin');
    writeFileSync(file, Buffer.concat(pairs.flat()));
    const { stdout } = await promisify(execFile)(torchPython(python), [script, file, `${classes}`, `${pixels}`, '5']);
    const { seconds, intersect, union } = JSON.parse(stdout) as Record<'seconds' | 'intersect' | 'union', number[]>;
    const counter = new MeanIou({ classes });
    for (const [prediction, truth] of pairs) counter.add(prediction, truth);
    const isEqual = counter.result().perClass.every((areas, i) => areas.intersect === intersect[i] && areas.union === union[i]);
    return { pixelsPerSecond: (pairs.length * pixels) / median(seconds), isEqual };
  } catch (error) {
    if (python === undefined) return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Discs of classes over each other, some ignored; the prediction a little aside, one pixel in 200 anything. */
function smoothPair(rng: Rng, classes: number): LabelPair {
  const truth = new Uint8Array(pixels);
  for (let disc = 0; disc < 60; disc++) {
    const [x, y, radius] = [rng.integer(sidePx), rng.integer(sidePx), 10 + rng.integer(80)];
    const value = disc % 12 === 0 ? 255 : rng.integer(classes);
    for (let row = Math.max(0, y - radius); row < Math.min(sidePx, y + radius); row++) {
      const half = Math.floor(Math.sqrt(radius ** 2 - (row - y) ** 2));
      truth.fill(value, row * sidePx + Math.max(0, x - half), row * sidePx + Math.min(sidePx, x + half));
    }
  }
  const aside = 2 * sidePx + 3;
  const prediction = truth.map((_, i) => (i < aside || truth[i - aside] === 255 ? 0 : truth[i - aside]!));
  for (let i = 0; i < pixels / 200; i++) prediction[rng.integer(pixels)] = rng.integer(classes);
  return [prediction, truth];
}

function noisePair(rng: Rng, classes: number): LabelPair {
  const noise = () => Uint8Array.from({ length: pixels }, () => rng.integer(classes));
  return [noise(), noise()];
}

function millions(value: number): string {
  return (value / 1e6).toFixed(0);
}
