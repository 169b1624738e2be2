// The entry `mpvg/coco` in Node: the same, and evaluations of many masks use worker threads.

import './evaluation/coco/maskThreads.ts';

export * from './coco.ts';
