// A COCO file of any size, written as a stream: polygons as long as real ones, and a few known faults.

import { open } from 'node:fs/promises';
import { Rng } from '../../../src/random/rng.ts';

const images = 10_000;
const shapes = 500;

/** What was written. */
export interface LargeFile {
  readonly bytes: number;
  readonly annotations: number;
  /** Ids by the fault they have. */
  readonly faults: { readonly 'missing-iscrowd': number[]; readonly 'unknown-category': number[]; readonly 'box-outside-image': number[] };
}

/** Writes at least `bytes` bytes. */
export async function writeLargeFile(path: string, bytes: number): Promise<LargeFile> {
  const rng = new Rng(41);
  const bodies = Array.from({ length: shapes }, () => randomBody(rng));
  const faults: LargeFile['faults'] = { 'missing-iscrowd': [], 'unknown-category': [], 'box-outside-image': [] };
  const file = await open(path, 'w');
  let written = 0;
  const write = async (text: string): Promise<void> => {
    written += text.length;
    await file.write(text);
  };
  try {
    const photos = Array.from({ length: images }, (_, id) => `{"id":${id + 1},"width":640,"height":480,"file_name":"${id}.jpg"}`);
    await write(`{"info":{},"images":[${photos.join(',')}],"categories":[{"id":1,"name":"one"}],"annotations":[\n`);
    let id = 0;
    while (written < bytes) {
      const lines: string[] = [];
      for (let i = 0; i < 5000; i++) {
        id++;
        const { segmentation, bbox, area } = bodies[id % shapes]!;
        const crowd = id % 200_000 === 7 ? '' : '"iscrowd":0,';
        const category = id % 300_000 === 8 ? 99 : 1;
        const box = id % 400_000 === 9 ? '[600,400,100,20]' : bbox;
        if (crowd === '') faults['missing-iscrowd'].push(id);
        if (category === 99) faults['unknown-category'].push(id);
        if (box !== bbox) faults['box-outside-image'].push(id);
        lines.push(`${id === 1 ? '' : ',\n'}{"segmentation":[${segmentation}],"area":${area},${crowd}"image_id":${1 + (id % images)},` +
          `"bbox":${box},"category_id":${category},"id":${id}}`);
      }
      await write(lines.join(''));
    }
    await write('\n]}\n');
    return { bytes: written, annotations: id, faults };
  } finally {
    await file.close();
  }
}

function randomBody(rng: Rng): { segmentation: string; bbox: string; area: string } {
  const points = 10 + rng.integer(50);
  const [x, y, size] = [rng.uniform(100, 400), rng.uniform(100, 300), rng.uniform(10, 90)];
  const polygon = Array.from({ length: points }, (_, i) => {
    const angle = (2 * Math.PI * i) / points;
    return [x + size * Math.cos(angle), y + size * Math.sin(angle)].map((value) => value.toFixed(2)).join(',');
  });
  return { segmentation: `[${polygon.join(',')}]`, bbox: `[${x.toFixed(2)},${y.toFixed(2)},${size.toFixed(2)},9.5]`, area: String(size * size) };
}
