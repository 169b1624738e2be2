// Results of another framework, evaluated without libtorch or tfjs: a detector's boxes as torchvision gives them (corners, labels
// and scores for each photo) by COCO's rules, and maps of classes, the argmax of any segmentation model, by mean IoU.
//
//     npx jiti examples/evaluation.ts

import { classTable, CocoDataset, CocoEval, MeanIou, type CocoAnnotation } from 'mpvg/coco';

// The truth: a file in COCO's format. `await CocoDataset.open('instances_val2017.json')` reads one of any size.
const truth = CocoDataset.fromObject({
  images: [{ id: 1, width: 100, height: 80, file_name: 'street.jpg' }, { id: 2, width: 100, height: 80, file_name: 'park.jpg' }],
  categories: [{ id: 1, name: 'dog' }, { id: 2, name: 'car' }],
  annotations: [
    { id: 1, image_id: 1, category_id: 2, bbox: [10, 10, 40, 40], area: 1600, iscrowd: 0 },
    { id: 2, image_id: 1, category_id: 1, bbox: [60, 20, 20, 20], area: 400, iscrowd: 0 },
    { id: 3, image_id: 2, category_id: 1, bbox: [30, 30, 40, 40], area: 1600, iscrowd: 0 },
  ],
});

/** What `model(images)` of torchvision holds for one photo, as JSON; labels are category ids. */
interface Detections {
  readonly boxes: readonly (readonly [x0: number, y0: number, x1: number, y1: number])[];
  readonly labels: readonly number[];
  readonly scores: readonly number[];
}

const found: Readonly<Record<number, Detections>> = {
  1: { boxes: [[10, 10, 50, 50], [60, 20, 80, 38]], labels: [2, 1], scores: [0.9, 0.8] },
  2: { boxes: [[30, 30, 70, 66], [0, 0, 20, 20]], labels: [1, 1], scores: [0.7, 0.6] },
};
const results = Object.entries(found).flatMap(([photo, { boxes, labels, scores }]) =>
  boxes.map(([x0, y0, x1, y1], i): CocoAnnotation => (
    { image_id: Number(photo), category_id: labels[i]!, bbox: [x0, y0, x1 - x0, y1 - y0], score: scores[i]! })));
const evaluation = new CocoEval(truth, await truth.loadRes(results), { iouType: 'bbox' });
console.log(evaluation.summarize().lines.join('\n'));
for (const { name, objects, ap } of classTable(evaluation)) console.log(`${name}: ${objects} objects, AP ${ap.toFixed(3)}`);

// Three classes, 255 is ignored: one map after the other, rows after each other. readLabelImage('photo.png') of `mpvg/data` reads
// a label image; `mpvg evaluate miou` does all this with two folders of them.
const scores = new MeanIou({ classes: 3 });
scores.add(Uint8Array.of(0, 0, 1, 1, 1, 1, 2, 2), Uint8Array.of(0, 0, 0, 1, 1, 1, 255, 2));
scores.add(Uint8Array.of(2, 2, 0, 0), Uint8Array.of(2, 1, 0, 255));
const { mIoU, aAcc, perClass } = scores.result();
console.log(`mIoU ${mIoU.toFixed(4)}, aAcc ${aAcc.toFixed(4)}, per class ${perClass.map(({ iou }) => iou.toFixed(3)).join(' ')}`);
