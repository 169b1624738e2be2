// Kernels of strings, done in TypeScript on their UTF-8 bytes: libtorch has no strings.

import { StaticRegexReplace, StringNGrams, StringSplit, StringToHashBucketFast, util } from '@tensorflow/tfjs-core';
import type {
  StaticRegexReplaceAttrs, StaticRegexReplaceInputs, StringNGramsAttrs, StringNGramsInputs, StringSplitAttrs, StringSplitInputs,
  StringToHashBucketFastAttrs, StringToHashBucketFastInputs, TypedArray,
} from '@tensorflow/tfjs-core';
import { torchKernel } from '../kernel.ts';

/** The parts with the separator between them. */
function join(parts: readonly Uint8Array[], separator: Uint8Array): Uint8Array {
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part])));
}

/** The pieces of text between delimiters, each a single byte; without delimiters every byte is a piece. */
function split(text: Uint8Array, delimiters: Uint8Array, skipEmpty: boolean): Uint8Array[] {
  if (text.length === 0) return [];
  if (delimiters.length === 0) return Array.from(text, (byte) => Uint8Array.of(byte));
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (let end = 0; end <= text.length; end++) {
    if (end < text.length && !delimiters.includes(text[end]!)) continue;
    if (end > start || !skipEmpty) pieces.push(text.subarray(start, end));
    start = end + 1;
  }
  return pieces;
}

function checkSplits(splits: TypedArray, size: number): void {
  if (splits.length === 0) return;
  if (splits[0] !== 0) throw new Error(`First split value must be 0, got ${splits[0]}`);
  for (let i = 1; i < splits.length; i++) {
    if (splits[i]! < splits[i - 1]! || splits[i]! > size) {
      throw new Error(`Invalid split value ${splits[i]}, must be in [${splits[i - 1]}, ${size}]`);
    }
  }
  const last = splits[splits.length - 1];
  if (last !== size) throw new Error(`Last split value must be data size. Expected ${size}, got ${last}`);
}

/** The n-grams of one row of tokens: each width slides over the row between its paddings. */
function nGramsOf(tokens: readonly Uint8Array[], attrs: StringNGramsAttrs): Uint8Array[] {
  const [separator, left, right] = [attrs.separator, attrs.leftPad, attrs.rightPad].map((text) => util.encodeString(text));
  const ofWidth = (width: number): Uint8Array[] => {
    // At least one token stands in an n-gram, so the padding stays narrower than it.
    const pads = Math.max(0, Math.min(attrs.padWidth < 0 ? width - 1 : attrs.padWidth, width - 1));
    const row = [...Array.from({ length: pads }, () => left!), ...tokens, ...Array.from({ length: pads }, () => right!)];
    const count = Math.max(0, row.length - width + 1);
    return Array.from({ length: count }, (_, start) => join(row.slice(start, start + width), separator!));
  };
  const grams = attrs.nGramWidths.flatMap(ofWidth);
  const tooShort = attrs.preserveShortSequences && grams.length === 0 && tokens.length > 0;
  return tooShort ? ofWidth(tokens.length + 2 * attrs.padWidth) : grams;
}

export function registerStringKernels(): void {
  torchKernel<StaticRegexReplaceInputs, StaticRegexReplaceAttrs>(
    StaticRegexReplace,
    ({ x }, { pattern, rewrite, replaceGlobal }, k) => {
      const expression = new RegExp(pattern, replaceGlobal ? 'g' : '');
      const texts = k.backend.strings(x).map((bytes) => util.decodeString(bytes));
      const replaced = texts.map((text) => util.encodeString(text.replace(expression, rewrite)));
      return k.outValues(replaced, x.shape, 'string');
    },
  );

  torchKernel<StringToHashBucketFastInputs, StringToHashBucketFastAttrs>(
    StringToHashBucketFast,
    ({ input }, { numBuckets }, k) => {
      const hash = (text: Uint8Array): number => util.fingerPrint64(text).modulo(numBuckets).getLowBitsUnsigned();
      return k.outValues(Int32Array.from(k.backend.strings(input), hash), input.shape, 'int32');
    },
  );

  // -> indices [n, 2] (text, piece), pieces [n], shape [texts, most pieces of a text]
  torchKernel<StringSplitInputs, StringSplitAttrs>(StringSplit, ({ input, delimiter }, { skipEmpty }, k) => {
    const delimiters = k.backend.strings(delimiter)[0]!;
    const rows = k.backend.strings(input).map((text) => split(text, delimiters, skipEmpty));
    const indices = rows.flatMap((pieces, row) => pieces.flatMap((_, column) => [row, column]));
    const widest = rows.reduce((most, pieces) => Math.max(most, pieces.length), 0);
    return [
      k.outValues(Int32Array.from(indices), [indices.length / 2, 2], 'int32'),
      k.outValues(rows.flat(), [indices.length / 2], 'string'),
      k.outValues(Int32Array.of(rows.length, widest), [2], 'int32'),
    ];
  });

  // data [n] cut into rows by dataSplits -> n-grams and their splits
  torchKernel<StringNGramsInputs, StringNGramsAttrs>(StringNGrams, ({ data, dataSplits }, attrs, k) => {
    const tokens = k.backend.strings(data);
    const splits = k.values(dataSplits);
    checkSplits(splits, tokens.length);
    const nGrams: Uint8Array[] = [];
    const outSplits = new Int32Array(splits.length);
    for (let row = 1; row < splits.length && tokens.length > 0; row++) {
      nGrams.push(...nGramsOf(tokens.slice(splits[row - 1], splits[row]), attrs));
      outSplits[row] = nGrams.length;
    }
    return [k.outValues(nGrams, [nGrams.length], 'string'), k.outValues(outSplits, dataSplits.shape, 'int32')];
  });
}
