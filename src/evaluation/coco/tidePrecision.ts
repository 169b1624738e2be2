// Average precision as TIDE takes it: at one IoU threshold, over the classes that have detections or objects; a class without
// objects counts with 0.
// Source: the tidecv package 1.0.1, ap.py.

/** A detection that counts. */
export interface PrecisionPoint {
  readonly category: number;
  readonly score: number;
  readonly right: boolean;
}

/**
 * The mean of the classes' average precisions, in [0, 1]; 0 when there is none.
 * @param points of equal scores the earlier one comes first
 * @param objects how many there are of each category
 */
export function tideAp(points: readonly PrecisionPoint[], objects: ReadonlyMap<number, number>): number {
  const classes = new Map<number, boolean[]>();
  for (const [category, count] of objects) if (count !== 0) classes.set(category, []);
  for (const { category, right } of points.toSorted((a, b) => b.score - a.score)) {
    const rights = classes.get(category);
    if (rights) rights.push(right);
    else classes.set(category, [right]);
  }
  let sum = 0;
  for (const [category, rights] of classes) sum += classAp(rights, objects.get(category) ?? 0);
  return classes.size === 0 ? 0 : sum / classes.size;
}

/** Precision at the recalls 0, 0.01, … 1, averaged. */
function classAp(rights: readonly boolean[], objects: number): number {
  if (objects === 0) return 0;
  let found = 0;
  const recall: number[] = [];
  const precision = rights.map((right, i) => {
    if (right) found++;
    recall.push(found / objects);
    return found / (i + 1);
  });
  for (let i = precision.length - 1; i > 0; i--) precision[i - 1] = Math.max(precision[i - 1]!, precision[i]!);
  let sum = 0;
  for (let step = 0, i = 0; step <= 100; step++) {
    while (i < recall.length && recall[i]! < step / 100) i++;
    sum += precision[i] ?? 0;
  }
  return sum / 101;
}
