// Small COCO files with everything that the format allows, written in every way that JSON allows.

import type { Rng } from '../../../src/random/rng.ts';

/** A random file of ground truth as text. */
export function randomCocoText(rng: Rng): string {
  const member: Record<string, () => string> = {
    images: () => list(rng, 3, () =>
      object(rng, { id: () => idNumber(rng), width: () => '640', height: () => '480', file_name: () => string(rng) })),
    categories: () => list(rng, 2, () =>
      object(rng, { id: () => String(rng.integer(9)), name: () => string(rng), supercategory: () => string(rng) })),
    annotations: () => list(rng, 4, () => randomAnnotation(rng)),
    info: () => anything(rng, 2),
    licenses: () => anything(rng, 2),
    [`other${rng.integer(100)}`]: () => anything(rng, 3),
  };
  return `${space(rng)}${object(rng, member, 0.9)}${space(rng)}`;
}

function randomAnnotation(rng: Rng): string {
  return object(rng, {
    id: () => String(rng.integer(1e6)),
    image_id: () => idNumber(rng),
    category_id: () => String(rng.integer(9)),
    bbox: () => (rng.chance(0.8) ? numbers(rng, 4) : pick(rng, ['null', '[]', '[ ]'])),
    area: () => number(rng),
    iscrowd: () => pick(rng, ['0', '1', '0', '1', 'true', 'false', 'null', '2']),
    score: () => number(rng),
    segmentation: () =>
      pick(rng, [() => list(rng, 2, () => numbers(rng, 2 * rng.integer(5))), () => rle(rng), () => anything(rng, 1)])(),
    keypoints: () => (rng.chance(0.8) ? numbers(rng, 6) : anything(rng, 1)),
    num_keypoints: () => String(rng.integer(3)),
    caption: () => string(rng),
    extra: () => anything(rng, 2),
  }, 0.8);
}

function rle(rng: Rng): string {
  const characters = Array.from({ length: rng.integer(20) }, () => String.fromCharCode(48 + rng.integer(64)));
  const counts = rng.chance(0.6) ? JSON.stringify(characters.join('')) : rng.chance(0.7) ? numbers(rng, rng.integer(6)) : string(rng);
  return object(rng, { size: () => numbers(rng, 2), counts: () => counts, more: () => anything(rng, 1) }, 0.95);
}

function anything(rng: Rng, depth: number): string {
  const scalars = [() => number(rng), () => string(rng), () => 'true', () => 'false', () => 'null'];
  if (depth === 0) return pick(rng, scalars)();
  return pick(rng, [
    ...scalars,
    () => list(rng, 3, () => anything(rng, depth - 1)),
    () => object(rng, Object.fromEntries(Array.from({ length: rng.integer(3) }, (_, i) => [`k${i}`, () => anything(rng, depth - 1)]))),
  ])();
}

function number(rng: Rng): string {
  return pick(rng, [
    () => String(rng.integer(1000)),
    () => rng.uniform(-1000, 1000).toFixed(rng.integer(5)),
    () => String(rng.uniform(-1, 1000)),
    () => rng.normal().toExponential(rng.integer(18)),
    () => pick(rng, ['0', '-0', '1e3', '0.0', '-1.5E-3', '12345678901234567890', '1e999']),
  ])();
}

/** One that doubles hold exactly enough for an id. */
function idNumber(rng: Rng): string {
  const text = number(rng);
  return Math.abs(Number(text)) < 2 ** 53 ? text : '9007199254740991';
}

function numbers(rng: Rng, count: number): string {
  const pad = rng.chance(0.5) ? ' ' : '';
  return `[${Array.from({ length: count }, () => number(rng)).join(`,${pad}`)}]`;
}

function string(rng: Rng): string {
  const plain = ['a', 'Z', '0', ' ', 'é', '€', '😀', ']', '}', ',', ':', "'"];
  const characters = [...plain, '\\n', '\\"', '\\\\', '\\/', '\\u00e9', '\\ud83d\\ude00', '\\ud800'];
  return `"${Array.from({ length: rng.integer(6) }, () => pick(rng, characters)).join('')}"`;
}

/** Members in random order; each is there with a probability. A key may be written with an escape. */
function object(rng: Rng, members: Readonly<Record<string, () => string>>, presence = 1): string {
  const names = Object.keys(members).filter(() => rng.chance(presence));
  const ordered = Array.from(rng.permutation(names.length), (i) => names[i]!);
  return `{${space(rng)}${ordered.map((name) => `${key(rng, name)}${space(rng)}:${space(rng)}${members[name]!()}`)
    .join(`${space(rng)},${space(rng)}`)}${space(rng)}}`;
}

function key(rng: Rng, name: string): string {
  if (rng.chance(0.95)) return JSON.stringify(name);
  return `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`;
}

function list(rng: Rng, most: number, item: () => string): string {
  return `[${space(rng)}${Array.from({ length: rng.integer(most + 1) }, item).join(`${space(rng)},${space(rng)}`)}${space(rng)}]`;
}

function space(rng: Rng): string {
  return pick(rng, ['', '', '', ' ', '\n  ', '\t', '\r\n']);
}

function pick<Item>(rng: Rng, items: readonly Item[]): Item {
  return items[rng.integer(items.length)]!;
}

/** A text with one to three faults: cut short, bytes changed, taken out, put in, or a piece of it repeated. */
export function damagedText(rng: Rng, text: Uint8Array): Uint8Array {
  let bytes = text;
  const faults = 1 + rng.integer(3);
  for (let i = 0; i < faults; i++) {
    const at = rng.integer(bytes.length + 1);
    const length = rng.integer(8);
    const random = Uint8Array.from({ length }, () => (rng.chance(0.7) ? pick(rng, interesting) : rng.integer(256)));
    bytes = pick(rng, [
      () => bytes.slice(0, at),
      () => joined(bytes.subarray(0, at), random, bytes.subarray(at + length)),
      () => joined(bytes.subarray(0, at), bytes.subarray(at + length)),
      () => joined(bytes.subarray(0, at), random, bytes.subarray(at)),
      () => joined(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 40 * length))),
      () => joined(bytes.subarray(0, at), random.subarray(0, 1), bytes.subarray(at + 1)),
    ])();
  }
  return bytes;
}

/** The same JSON with one number or string, perhaps a key, replaced by some other value: still JSON more often than not. */
export function retypedText(rng: Rng, text: string): string {
  const tokens = [...text.matchAll(/-?\d[\d.eE+-]*|"(\\.|[^"\\])*"|\[[^[\]{}]*\]/g)];
  const token = tokens[rng.integer(tokens.length)];
  if (token === undefined) return text;
  return text.slice(0, token.index) + anything(rng, 1) + text.slice(token.index + token[0].length);
}

const interesting = Array.from(new TextEncoder().encode('[]{},:"\\ \n01-.eEu+ntfNaI\u0000'));

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}
