// Reads and validates a COCO file in a process of its own, so that its memory can be told: prints one line of JSON.
// Usage: node largeFileRun.mjs FILE

import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';

const start = performance.now();
const dataset = await CocoDataset.open(process.argv[2]!);
const read = performance.now();
const findings = dataset.validate();
const validated = performance.now();
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({
  images: dataset.images.count,
  annotations: dataset.annotations.count,
  findings: Object.fromEntries(findings.map(({ kind, ids }) => [kind, ids])),
  lastId: dataset.annotations.record(dataset.annotations.count - 1).id,
  readSeconds: (read - start) / 1000,
  validateSeconds: (validated - read) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakBytes: process.resourceUsage().maxRSS * 1024,
}));
