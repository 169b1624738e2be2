// CPU time per photo: SegmentationLoader with ADE20K's augmentation (crop 512) against the same steps in Python, as
// mmsegmentation 0.30 takes them with OpenCV and numpy.
//
//   npm run build && node bench/segmentation/data.mjs [--data DIR] [--classes coco133] [--python PYTHON_WITH_OPENCV]
//
// DIR is in ADE20K's layout; its validation photos are used. The two take turns in one process each; numbers are medians over
// the rounds, the ratio the median of the rounds' ratios. CPU time is that of all threads: where other work shares the cores it
// tells more than photos per second. Python's side neither collates a batch nor sends it anywhere, ours does both.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ade20kAugmentation } from '../../dist/data/segmentation/augmentation.js';
import { openSegmentationSplit } from '../../dist/data/segmentation/openSegmentationData.js';
import { SegmentationLoader } from '../../dist/data/segmentation/segmentationLoader.js';
import { compare, startPython } from '../pythonSide.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../../shared/data/coco-sem133', import.meta.url)) },
    classes: { type: 'string', default: 'coco133' },
    python: { type: 'string', default: 'python3' },
    workers: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
  },
});
const folder = await openSegmentationSplit({ dir: values.data, classes: values.classes }, 'validation');
const workers = Number(values.workers);
const options = { augmentation: ade20kAugmentation, seed: 1, shuffle: true, dropLast: true, workers };
const loader = new SegmentationLoader(folder, { ...options, batchSize: Math.min(4, folder.size) });

async function ours(epoch) {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let photos = 0;
  for await (const { size } of loader.epoch(epoch)) photos += size;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMsPerPhoto: (performance.now() - start) / photos, cpuMsPerPhoto: (user + system) / 1000 / photos };
}

const PYTHON = `
import sys, time
import cv2, numpy as np
from numpy import random
cv2.setNumThreads(0)
photos = sys.argv[1:1 + len(sys.argv[1:]) // 2]
maps = sys.argv[1 + len(photos):]
def convert(a, alpha=1, beta=0):
    return np.clip(a.astype(np.float32) * alpha + beta, 0, 255).astype(np.uint8)
def contrast(a):
    return convert(a, alpha=random.uniform(.5, 1.5)) if random.randint(2) else a
def distort(a):
    if random.randint(2): a = convert(a, beta=random.uniform(-32, 32))
    mode = random.randint(2)
    if mode == 1: a = contrast(a)
    if random.randint(2):
        a = cv2.cvtColor(a, cv2.COLOR_BGR2HSV)
        a[:, :, 1] = convert(a[:, :, 1], alpha=random.uniform(.5, 1.5))
        a = cv2.cvtColor(a, cv2.COLOR_HSV2BGR)
    if random.randint(2):
        a = cv2.cvtColor(a, cv2.COLOR_BGR2HSV)
        a[:, :, 0] = (a[:, :, 0].astype(int) + random.randint(-18, 18)) % 180
        a = cv2.cvtColor(a, cv2.COLOR_HSV2BGR)
    return contrast(a) if mode == 0 else a
def load(photo, map):
    a, m = cv2.imread(photo), cv2.imread(map, cv2.IMREAD_UNCHANGED)
    m[m == 0] = 255; m = m - 1; m[m == 254] = 255
    h, w = m.shape
    ratio = random.random_sample() * 1.5 + .5
    long, short = int(2048 * ratio), int(512 * ratio)
    f = min(long / max(h, w), short / min(h, w))
    size = int(w * f + .5), int(h * f + .5)
    a, m = cv2.resize(a, size, interpolation=cv2.INTER_LINEAR), cv2.resize(m, size, interpolation=cv2.INTER_NEAREST)
    def box():
        y, x = random.randint(0, max(m.shape[0] - 512, 0) + 1), random.randint(0, max(m.shape[1] - 512, 0) + 1)
        return slice(y, y + 512), slice(x, x + 512)
    b = box()
    for _ in range(10):
        labels, counts = np.unique(m[b], return_counts=True)
        counts = counts[labels != 255]
        if len(counts) > 1 and counts.max() / counts.sum() < .75: break
        b = box()
    a, m = a[b], m[b]
    if random.rand() < .5: a, m = np.flip(a, 1), np.flip(m, 1)
    a = distort(a)
    bottom, right = 512 - m.shape[0], 512 - m.shape[1]
    a = cv2.copyMakeBorder(a, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=(104, 116, 124))
    m = cv2.copyMakeBorder(np.ascontiguousarray(m), 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=255)
    assert a.shape == (512, 512, 3) and m.shape == (512, 512)
for _ in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    for pair in zip(photos, maps): load(*pair)
    print(1000 * (time.perf_counter() - wall) / len(photos), 1000 * (time.process_time() - cpu) / len(photos), flush=True)
`;
const indices = Array.from({ length: folder.size }, (_, i) => i);
const paths = [...indices.map((i) => folder.describe(i)), ...indices.map((i) => folder.mapPath(i))];
const python = startPython(values.python, [PYTHON, ...paths], ['wallMsPerPhoto', 'cpuMsPerPhoto'], 'Python with OpenCV');
const compared = await compare(ours, python.round, Number(values.rounds));
python.end();
await loader.close();
console.log(JSON.stringify({
  cpuMsPerPhoto: compared('cpuMsPerPhoto', 1),
  wallMsPerPhoto: compared('wallMsPerPhoto', 1),
  photos: folder.size,
  rounds: Number(values.rounds),
  workers,
}));
