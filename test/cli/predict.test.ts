import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import { loadConfig } from '../../src/config/loadConfig.ts';
import { readLabelImage } from '../../src/data/labelImage.ts';
import { createSegmentor } from '../../src/heads/upernet/createSegmentor.ts';
import { segmentation } from '../../src/recipes/segmentation/recipe.ts';
import { runMpvg, startMpvg } from './mpvgProcess.ts';
import { writeTinySegmentation } from './tinySegmentation.ts';

let folder = '';
let config = '';
/** Weights in half precision, without counts of batches. */
let weights = '';
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-predict-'));
  config = await writeTinySegmentation(folder);
  weights = at('half.safetensors');
  await selectBackend();
  const model = createSegmentor({ ...(await loadConfig(segmentation, config)).model, classes: 3 });
  model.initialise(1);
  const floats = [...await model.state()].flatMap(([name, { shape, data }]) =>
    (data instanceof Float32Array ? [[name, { dtype: 'BF16', shape, data: upperHalves(data) }] as const] : []));
  await writeSafetensors(weights, floats);
});
afterAll(() => rmSync(folder, { recursive: true }));

function upperHalves(values: Float32Array): Uint16Array {
  return Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => bits >>> 16);
}

async function writePhoto(file: string, shade: number): Promise<void> {
  mkdirSync(join(file, '..'), { recursive: true });
  await sharp({ create: { width: 64, height: 48, channels: 3, background: { r: shade, g: 90, b: 200 - shade } } }).toFile(file);
}

const predict = (photos: string, out: string) =>
  ['predict', config, photos, '--checkpoint', weights, '--out', out, '--threads', '1', '--set', 'evaluation.flip=false'];
const listed = (out: string) => JSON.parse(readFileSync(join(out, 'predictions.json'), 'utf8')) as { photo: string; picture: string }[];

describe('mpvg predict', () => {
  it('passes over a photo that cannot be read, keeps all results apart, and colours label images', async () => {
    const photos = at('photos');
    for (const [i, name] of ['a.jpg', 'a.labels.jpg', 'day/1.jpg', 'night/1.jpg'].entries()) await writePhoto(join(photos, name), 40 * i);
    writeFileSync(join(photos, 'b.jpg'), readFileSync(join(photos, 'a.jpg')).subarray(0, 200));
    const out = at('results');
    const { code, stderr, stdout } = await runMpvg(...predict(photos, out));
    expect(stderr).toMatch(new RegExp(`3 of 5 {2}${join(photos, 'b.jpg')} {2}skipped: decodeImage: expected a complete picture`));
    expect(stderr).toMatch(/\n1 of 5 photos skipped\n$/);
    expect([code, stdout]).toEqual([2, `pictures    ${out}\n`]);
    const names = ['a', 'a.labels-2', 'day/1', 'night/1'];
    expect(listed(out).map(({ picture }) => picture)).toEqual(names.map((name) => join(out, `${name}.png`)));
    expect(readdirSync(out).sort()).toEqual(['a.labels-2.labels.png', 'a.labels-2.png', 'a.labels.png', 'a.png', 'day', 'night', 'predictions.json']);
    expect(readdirSync(join(out, 'day'))).toEqual(['1.labels.png', '1.png']);
    const labels = await readLabelImage(join(out, 'a.labels.png'));
    expect([labels.width, labels.height, labels.data.every((label) => label < 3)]).toEqual([64, 48, true]);
    expect(readFileSync(join(out, 'a.labels.png'))[25]).toBe(3); // a palette
  }, 60_000);

  it('stopped by a signal, lists what it did and exits as training does', async () => {
    const photos = at('many');
    for (let i = 0; i < 60; i++) await writePhoto(join(photos, `${String(i).padStart(2, '0')}.png`), i);
    const out = at('stopped');
    const { child, ended } = startMpvg(predict(photos, out));
    child.stderr?.on('data', (chunk: Buffer) => { if (chunk.toString().includes('2 of 60 ')) child.kill('SIGINT'); });
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    const done = listed(out).length;
    expect(done).toBeGreaterThan(1);
    expect(done).toBeLessThan(60);
    expect(stderr).toContain(`stopped after ${done} of 60 photos\n`);
    expect(stderr).toMatch(/2 of 60 .* photos\/s {2}ETA \d+:\d\d\n/);
  }, 60_000);
});
