// Photos per second: ImageLoader (decode, random resized crop to 224, flip) against Pillow doing the same in Python processes.
//
//   npm run build && node bench/data.mjs [--data DIR] [--python PYTHON_WITH_PILLOW] [--processes 2] [--workers N] [--rounds 9]
//
// The two take turns; each number is the median over the rounds, the ratio the median of the rounds' ratios. Python's side
// neither collates a batch nor sends it anywhere, ours does both. Where other work shares the cores, CPU milliseconds per photo
// (of all threads and processes together) tell more than photos per second.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ImageFolder } from '../dist/data/imageFolder.js';
import { defaultWorkers, ImageLoader } from '../dist/data/loader.js';
import { compare, startPython } from './pythonSide.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../shared/data/imagenet-100-sample-256/val', import.meta.url)) },
    python: { type: 'string', default: 'python3' },
    processes: { type: 'string', default: '2' },
    workers: { type: 'string' },
    rounds: { type: 'string', default: '9' },
    photos: { type: 'string', default: '600' },
    interpolation: { type: 'string', default: 'bicubic' },
  },
});
const photos = Number(values.photos);
const folder = await ImageFolder.open(values.data);
const workers = values.workers === undefined ? defaultWorkers(folder) : Number(values.workers);

/** The folder over and over, `photos` long. */
const dataset = {
  size: photos,
  classNames: folder.classNames,
  label: (index) => folder.label(index % folder.size),
  describe: (index) => folder.describe(index % folder.size),
  load: (index) => folder.load(index % folder.size),
  source: (index) => folder.source(index % folder.size),
};
const loader = new ImageLoader(dataset, {
  batchSize: 32,
  transforms: [
    { kind: 'randomResizedCrop', sizePx: 224, scale: [0.08, 1], ratio: [3 / 4, 4 / 3], interpolation: values.interpolation },
    { kind: 'horizontalFlip', probability: 0.5 },
  ],
  seed: 1,
  shuffle: true,
  dropLast: false,
  workers,
});

async function ours(epoch) {
  const start = performance.now();
  const cpu = process.cpuUsage();
  for await (const batch of loader.epoch(epoch)) if (batch.images.length === 0) throw new Error('empty batch');
  const { user, system } = process.cpuUsage(cpu);
  return { photosPerSecond: (photos / (performance.now() - start)) * 1000, cpuMsPerPhoto: (user + system) / 1000 / photos };
}

const PYTHON = `
import math, multiprocessing, random, sys, time
from PIL import Image
paths, photos, processes, filter = sys.argv[4:], int(sys.argv[1]), int(sys.argv[2]), getattr(Image, sys.argv[3].upper())
def box(width, height):
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1)
        aspect = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if w <= width and h <= height:
            x, y = random.randint(0, width - w), random.randint(0, height - h)
            return x, y, x + w, y + h
    return 0, 0, width, height
def load(i):
    start = time.process_time()
    image = Image.open(paths[i % len(paths)]).convert('RGB')
    image = image.crop(box(*image.size)).resize((224, 224), filter)
    if random.random() < 0.5: image = image.transpose(Image.FLIP_LEFT_RIGHT)
    assert len(image.tobytes()) == 224 * 224 * 3
    return time.process_time() - start
if __name__ == '__main__':
    with multiprocessing.get_context('fork').Pool(processes) as pool:
        for _ in sys.stdin:
            start = time.perf_counter()
            cpu = sum(pool.imap_unordered(load, range(photos), 32))
            print(photos / (time.perf_counter() - start), 1000 * cpu / photos, flush=True)
`;
const paths = Array.from({ length: folder.size }, (_, i) => folder.describe(i));
const program = [PYTHON, values.photos, values.processes, values.interpolation, ...paths];
const python = startPython(values.python, program, ['photosPerSecond', 'cpuMsPerPhoto'], 'Python with Pillow');
const compared = await compare(ours, python.round, Number(values.rounds));
python.end();
await loader.close();
console.log(JSON.stringify({
  photosPerSecond: compared('photosPerSecond', 0),
  cpuMsPerPhoto: compared('cpuMsPerPhoto'),
  rounds: Number(values.rounds),
  workers,
  processes: Number(values.processes),
  interpolation: values.interpolation,
}));
