// Several outlines as one: YOLO has one per object. Each next outline is spliced in where it comes nearest, along a bridge that
// is walked there and back and so covers nothing.

type Point = readonly [x: number, y: number];

/** One polygon x0, y0, x1, y1, … that covers what the given ones cover. */
export function joinPolygons(polygons: readonly (readonly number[])[]): number[] {
  const [first = [], ...others] = polygons.map(pointsOf);
  return others.reduce((joined, next) => {
    const [at, from] = nearest(joined, next);
    return [...joined.slice(0, at + 1), ...next.slice(from), ...next.slice(0, from + 1), ...joined.slice(at)];
  }, first).flat();
}

function pointsOf(polygon: readonly number[]): Point[] {
  return Array.from({ length: polygon.length >> 1 }, (_, i) => [polygon[2 * i]!, polygon[2 * i + 1]!] as const);
}

/** Which point of `a` and which of `b` are closest together. */
function nearest(a: readonly Point[], b: readonly Point[]): [number, number] {
  let best: [number, number] = [0, 0];
  let smallest = Infinity;
  a.forEach(([ax, ay], i) => b.forEach(([bx, by], j) => {
    const distance = (ax - bx) ** 2 + (ay - by) ** 2;
    if (distance < smallest) {
      smallest = distance;
      best = [i, j];
    }
  }));
  return best;
}
