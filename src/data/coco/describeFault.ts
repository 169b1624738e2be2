// What a person is told when a COCO file cannot be read.

import { DataError } from '../../errors.ts';
import { foreignContent, TELLING_BYTES } from '../foreignContent.ts';
import type { JsonFault } from './jsonFault.ts';
import { lineAndColumn, type TextChunk } from './textChunks.ts';

/** What was being read. */
export interface FaultContext {
  /** The file's name. */
  readonly name: string;
  /** images, annotations, categories or results; empty outside of them. */
  readonly list: string;
  /** Entry of that list, from 0. */
  readonly row: number;
  /** The annotation's id, NaN where not known yet. */
  readonly id: number;
}

type Text = Pick<TextChunk, 'bytes' | 'limit' | 'offset'>;

/** By what is found, and where that is not enough by what is expected. */
const remedies: readonly (readonly [found: RegExp, remedy: string, expected?: RegExp])[] = [
  [/^(NaN|-?Infinity|-?inf|nan)/, 'JSON has no NaN and no infinity: write a number, or leave the field out'],
  [/^\ufeff/, 'the file starts with a byte order mark: save it as UTF-8 without one'],
  [/^(\ufffd\ufffd|\0)/, 'the file is not UTF-8: save it as UTF-8'],
  [/^\u001f/, 'the file is compressed: gunzip it first'],
  [/^'/, 'strings need double quotes: write the file with json.dump'],
  [/^(True|False|None)/, 'these are Python\'s words: write the file with json.dump'],
  [/^"-?[\d.]+"/, 'write numbers without quotes', /number/],
  [/^"/, 'ids are numbers here: number what strings name', /^a number for (\w+_)?id$/],
  [/^-?\d/, 'ids beyond are rounded to their neighbours: number them anew, in results too', /2\^53/],
  [/^null/, 'leave it out, or write [] for none', /^a list for/],
  [/^\{/, 'write its values as a list, without the keys', /^a list for/],
  [/^,/, 'a score goes into "score", other numbers have no place in a box', /for bbox$/],
  [/^\[/, 'write one box without a list around it', /for bbox$/],
  [/^\{/, 'write its numbers as a list', /for bbox$/],
  [/^\{/, 'one JSON value per line is no JSON file: make one list of the lines (jq -s . FILE)', /^the end of the file$/],
  [/^-?\d/, 'put a list around the numbers: [[x, y, …]], one list for each polygon', /for each polygon/],
  [/^\[/, 'write x, y, x, y, … without a list around each point', /^a number$/],
  [/^"b?/, 'a mask is an object, its text is "counts": { "size": [height, width], "counts": "…" }', /^polygons/],
];

const START = /^an object \(ground truth\)/;

/**
 * The error for a fault.
 * @param texts the file's text up to the fault and somewhat beyond it; the last piece holds the fault
 */
export function describeFault({ position, expected }: JsonFault, texts: readonly Text[], context: FaultContext): DataError {
  const { bytes, limit, offset } = texts.at(-1)!;
  const { line, column } = lineAndColumn(texts, offset + position);
  const found = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.slice(position, Math.min(limit, position + 16)));
  const { name, list, row, id } = context;
  const [first] = texts;
  const beginning = START.test(expected) ? first?.bytes.subarray(0, Math.min(first.limit, TELLING_BYTES)) : undefined;
  const foreign = beginning && foreignContent(beginning);
  const got = foreign ?? (position >= limit ? 'the end of the file' : JSON.stringify(found.slice(0, 12)));
  const meant = remedies.find(([pattern, , context]) => pattern.test(found) && (context?.test(expected) ?? true));
  const remedy = foreign === undefined ? meant?.[1] : undefined;
  const where = list === '' ? '' : `, in ${list}[${row}]${Number.isNaN(id) ? '' : ` (annotation id ${id})`}`;
  return new DataError(`CocoDataset: expected ${expected} at byte ${offset + position} (line ${line}, column ${column}) of ${name}${where}, ` +
    `got ${got}${remedy === undefined ? '' : `; ${remedy}`}`);
}
