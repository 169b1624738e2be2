// Reads COCO JSON (instances, keypoints, panoptic, results) from bytes into columns, piece by piece: whatever the file's size,
// only the text, the columns and one unfinished record are in memory. Records are checked completely as JSON, and those fields
// that become columns are checked for their type; segmentations and keypoints stay bytes until they are asked for.

import { DataError } from '../../errors.ts';
import { AnnotationColumns } from './annotationColumns.ts';
import { describeFault } from './describeFault.ts';
import { EXACT_ID, isExactId } from './exactId.ts';
import { ImageColumns } from './imageColumns.ts';
import { JsonFault, NEEDS_MORE } from './jsonFault.ts';
import { JsonScanner } from './jsonScanner.ts';
import { KeySet } from './keySet.ts';
import { sharedRecordKernel } from './recordKernel.ts';
import type { TextChunk } from './textChunks.ts';

const COMMA_OR_END = { object: 0x7d, list: 0x5d };
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
const LETTER_N = 0x6e; // of null
const LETTER_T = 0x74;
const LETTER_F = 0x66;

const LISTS = new KeySet(['images', 'annotations', 'categories', 'info', 'licenses']);
const ANNOTATION_KEYS = new KeySet([
  'id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd', 'score', 'segmentation', 'keypoints', 'num_keypoints',
]);
const IMAGE_KEYS = new KeySet(['id', 'width', 'height']);

/** What the parser reads next. Between two of these it can stop and go on with more bytes. */
type Place =
  | 'start' | 'member or end' | 'member' | 'value' | 'after member' | 'element or end' | 'element' | 'after element' | 'end';

/** What the elements of the list being read are. */
type List = 'images' | 'annotations' | 'categories' | 'others';

/** Everything that was read. */
export interface ParsedCoco {
  readonly chunks: readonly TextChunk[];
  readonly annotations: AnnotationColumns;
  readonly images: ImageColumns;
  /** As JSON.parse gives them. */
  readonly categories: readonly unknown[];
  readonly info: unknown;
  readonly licenses: unknown;
  /** Whether the file is a list, as results are. */
  readonly isList: boolean;
}

export interface CocoParserOptions {
  /** What errors call the file. */
  readonly name: string;
  /** Bytes in all, where known: memory is reserved at once. */
  readonly size?: number;
  /** Bytes per piece; default 64 MiB. */
  readonly chunkBytes?: number;
  /** Whether other threads may see the text; a page may lack SharedArrayBuffer. Default false. */
  readonly shared?: boolean;
}

/** No piece is longer, so that positions are small integers in every JavaScript engine. */
const LONGEST_CHUNK = 2 ** 30 - 2;

/** Use: `push` bytes, or write them to `space`, `take` and `parse` them, until there are no more; then `finish`. */
export class CocoParser {
  readonly #name: string;
  /** Of the file, 0 where unknown. */
  readonly #size: number;
  readonly #chunkBytes: number;
  readonly #memory: ArrayBufferConstructor | SharedArrayBufferConstructor;
  readonly #scanner = new JsonScanner();
  readonly #annotations = new AnnotationColumns();
  readonly #images = new ImageColumns();
  readonly #kernel = sharedRecordKernel();
  /** Records that the kernel could not read. */
  #unusual = 0;

  #categories: unknown[] = [];
  #info: unknown;
  #licenses: unknown;
  #isList = false;

  #place: Place = 'start';
  #list: List = 'others';
  /** The key whose value is read next, as in LISTS. */
  #member = -1;

  #chunks: TextChunk[] = [];
  #bytes: Uint8Array;
  #filled = 0;
  #offset = 0;
  #first = { firstImage: 0, firstAnnotation: 0 };
  /** Where to go on when there are more bytes. */
  #resume = 0;
  /** Bytes in this piece with which it is worth while to go on. */
  #parseAt = 0;

  constructor({ name, size = 0, chunkBytes = 2 ** 26, shared = false }: CocoParserOptions) {
    this.#name = name;
    this.#size = size;
    this.#chunkBytes = chunkBytes;
    this.#memory = shared ? SharedArrayBuffer : ArrayBuffer;
    this.#bytes = new Uint8Array(new this.#memory(Math.min(Math.max(size, 4096), chunkBytes) + 2));
  }

  /**
   * Takes the next bytes of the text, which are copied.
   * @throws DataError naming the place when they are no COCO JSON
   */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const space = this.space();
      const piece = bytes.subarray(at, at + space.length);
      space.set(piece);
      at += piece.length;
      this.take(piece.length);
      this.parse();
    }
  }

  /** Where the next bytes of the text can be written, without a copy; empty until `parse` makes room. */
  space(): Uint8Array {
    return this.#bytes.subarray(this.#filled, -1);
  }

  /** Takes so many bytes that were written to the front of `space`. */
  take(bytes: number): void {
    this.#filled += bytes;
  }

  /**
   * Reads what was taken. Meanwhile the next bytes may be written to what `space` then was.
   * @throws DataError naming the place when it is no COCO JSON
   */
  parse(): void {
    const isFull = this.#filled === this.#bytes.length - 1;
    if (isFull || this.#filled >= this.#parseAt) {
      this.#parse(false);
      // A record that is not complete is read again only when there is twice as much of it.
      this.#parseAt = 2 * this.#filled - this.#resume;
    }
    if (isFull) this.#renew();
  }

  /**
   * Ends the text.
   * @throws DataError naming the place when it is not complete
   */
  finish(): ParsedCoco {
    this.#parse(true);
    this.#keepChunk(this.#filled);
    this.#annotations.trim();
    this.#images.trim();
    return {
      chunks: this.#chunks,
      annotations: this.#annotations,
      images: this.#images,
      categories: this.#categories,
      info: this.#info,
      licenses: this.#licenses,
      isList: this.#isList,
    };
  }

  #keepChunk(limit: number): void {
    this.#bytes[limit] = 0;
    this.#chunks.push({ bytes: this.#bytes, limit, offset: this.#offset, ...this.#first });
  }

  /** Starts the next piece with what is left of this one; a piece in which nothing could be finished grows instead. */
  #renew(): void {
    const rest = this.#bytes.slice(this.#resume, this.#filled);
    if (2 * rest.length > LONGEST_CHUNK) {
      throw new DataError(`CocoDataset: expected records of less than ${LONGEST_CHUNK / 2} bytes in ${this.#name}, got a longer one at byte ` +
        `${this.#offset + this.#resume}`);
    }
    if (this.#resume > 0) this.#keepChunk(this.#resume);
    this.#bytes = new Uint8Array(new this.#memory(Math.max(this.#chunkBytes, 2 * rest.length) + 2));
    this.#bytes.set(rest);
    this.#filled = rest.length;
    this.#offset += this.#resume;
    this.#resume = 0;
    this.#parseAt = 2 * rest.length;
    this.#first = { firstImage: this.#images.count, firstAnnotation: this.#annotations.count };
  }

  #parse(isLast: boolean): void {
    // The text has to end with a NUL, and behind its last byte there may already be more: that byte waits until the next time.
    const limit = isLast ? this.#filled : this.#filled - 1;
    if (limit < this.#resume) return;
    try {
      this.#runTo(limit, isLast);
    } catch (error) {
      if (error === NEEDS_MORE) return;
      throw error instanceof JsonFault ? this.#dataError(error) : error;
    }
  }

  #runTo(limit: number, isLast: boolean): void {
    const waiting = this.#bytes[limit]!;
    this.#bytes[limit] = 0;
    this.#kernel.clear();
    this.#scanner.start(this.#bytes, this.#resume, limit, isLast);
    try {
      this.#run();
    } finally {
      this.#bytes[limit] = waiting;
    }
  }

  #dataError(fault: JsonFault): DataError {
    const current = { bytes: this.#bytes, limit: this.#filled, offset: this.#offset };
    const row = this.#annotations.count;
    const isInElement = this.#place === 'element';
    return describeFault(fault, [...this.#chunks, current], {
      name: this.#name,
      list: isInElement && this.#list !== 'others' ? (this.#isList ? 'results' : this.#list) : '',
      row: { images: this.#images.count, annotations: row, categories: this.#categories.length, others: 0 }[this.#list],
      id: this.#list === 'annotations' && !this.#isList ? this.#annotations.ids[row] ?? NaN : NaN,
    });
  }

  /** Reads until the end of the text, or throws NEEDS_MORE. */
  #run(): void {
    const scanner = this.#scanner;
    for (;;) {
      this.#resume = scanner.position;
      switch (this.#place) {
        case 'start':
          this.#start();
          break;
        case 'member or end':
          this.#place = this.#isNext(COMMA_OR_END.object) ? 'end' : 'member';
          break;
        case 'member':
          this.#member = scanner.key(LISTS);
          this.#place = 'value';
          break;
        case 'value':
          this.#value();
          break;
        case 'after member':
          this.#place = scanner.another(COMMA_OR_END.object) ? 'member' : 'end';
          break;
        case 'element or end':
          if (this.#isNext(COMMA_OR_END.list)) this.#place = this.#isList ? 'end' : 'after member';
          else this.#place = 'element';
          break;
        case 'element':
          if ((this.#list === 'annotations' || this.#list === 'images') && this.#scan(this.#list)) break;
          this.#element();
          this.#place = 'after element';
          break;
        case 'after element':
          if (scanner.another(COMMA_OR_END.list)) this.#place = 'element';
          else this.#place = this.#isList ? 'end' : 'after member';
          break;
        case 'end':
          if (scanner.next() !== 0 || !scanner.isAtEnd()) scanner.fault(scanner.position, 'the end of the file');
          return;
      }
    }
  }

  /** Whether the list or object ends here, which is skipped. */
  #isNext(close: number): boolean {
    const scanner = this.#scanner;
    const byte = scanner.next();
    if (byte === 0) scanner.fault(scanner.position, close === COMMA_OR_END.object ? 'a key in quotes' : 'a value');
    if (byte === close) scanner.position++;
    return byte === close;
  }

  #start(): void {
    const scanner = this.#scanner;
    const byte = scanner.next();
    if (byte !== OPEN_OBJECT && byte !== OPEN_LIST) scanner.fault(scanner.position, 'an object (ground truth) or a list (results)');
    scanner.position++;
    this.#isList = byte === OPEN_LIST;
    this.#list = 'annotations';
    this.#place = this.#isList ? 'element or end' : 'member or end';
  }

  #value(): void {
    const scanner = this.#scanner;
    const name = LISTS.names[this.#member];
    const start = scanner.position;
    const byte = scanner.next();
    this.#list = 'others';
    if (name === 'images' || name === 'annotations' || name === 'categories') {
      if (byte !== OPEN_LIST) scanner.fault(scanner.position, `a list for ${name}`);
      this.#clear(name);
      this.#list = name;
    } else if (byte !== OPEN_LIST || name !== undefined) {
      scanner.skip();
      if (name === 'info') this.#info = scanner.value(start, scanner.position);
      if (name === 'licenses') this.#licenses = scanner.value(start, scanner.position);
      this.#place = 'after member';
      return;
    }
    scanner.position++;
    this.#place = 'element or end';
  }

  /** A key that comes again replaces what it had before, as with JSON.parse. */
  #clear(list: List): void {
    const none = (key: 'firstImage' | 'firstAnnotation'): void => {
      this.#chunks = this.#chunks.map((chunk) => ({ ...chunk, [key]: 0 }));
      this.#first[key] = 0;
    };
    if (list === 'categories') this.#categories = [];
    else if (list === 'images') {
      this.#images.count = 0;
      none('firstImage');
    } else {
      this.#annotations.count = 0;
      none('firstAnnotation');
    }
  }

  /** Reads records as almost all files write them. @returns whether there was one */
  #scan(list: 'annotations' | 'images'): boolean {
    const columns = list === 'images' ? this.#images : this.#annotations;
    // Where most are unusual it would only cost time.
    if (this.#unusual > 64 && 2 * this.#unusual > columns.count) return false;
    const { position, limit } = this.#scanner;
    const scanned = this.#kernel.scan(this.#bytes, position, limit, columns, this.#size - this.#offset);
    if (scanned === undefined) {
      this.#unusual++;
      return false;
    }
    this.#scanner.position = scanned.position;
    this.#place = scanned.isAfter ? 'after element' : 'element';
    return true;
  }

  #element(): void {
    const scanner = this.#scanner;
    switch (this.#list) {
      case 'annotations': { this.#annotation(); return; }
      case 'images': { this.#image(); return; }
      case 'others': { scanner.skip(); return; }
      case 'categories': {
        if (scanner.next() !== OPEN_OBJECT) scanner.fault(scanner.position, 'an object');
        const start = scanner.position;
        scanner.skip();
        this.#categories.push(scanner.value(start, scanner.position));
      }
    }
  }

  #annotation(): void {
    const scanner = this.#scanner;
    const columns = this.#annotations;
    const row = columns.count;
    columns.begin();
    columns.places[row] = this.#openObject();
    if (!this.#isNext(COMMA_OR_END.object)) {
      do {
        switch (scanner.key(ANNOTATION_KEYS)) {
          case 0: columns.ids[row] = this.#annotationId(); break;
          case 1: columns.imageIds[row] = this.#id('image_id'); break;
          case 2: columns.categoryIds[row] = this.#id('category_id'); break;
          case 3: this.#box(); break;
          case 4: columns.areas[row] = this.#number('area'); break;
          case 5: this.#crowd(); break;
          case 6: columns.scores[row] = this.#number('score'); break;
          case 7:
            columns.segmentationPlaces[row] = this.#skipped();
            columns.segmentationEnds[row] = scanner.position;
            break;
          case 8: columns.keypointPlaces[row] = this.#skipped(); break;
          case 9: columns.keypointCounts[row] = this.#number('num_keypoints'); break;
          default: scanner.skip();
        }
      } while (scanner.another(COMMA_OR_END.object));
    }
    columns.commit();
  }

  #image(): void {
    const scanner = this.#scanner;
    const columns = this.#images;
    const row = columns.count;
    columns.begin();
    columns.places[row] = this.#openObject();
    if (!this.#isNext(COMMA_OR_END.object)) {
      do {
        switch (scanner.key(IMAGE_KEYS)) {
          case 0: columns.ids[row] = this.#id('id'); break;
          case 1: columns.widths[row] = this.#number('width'); break;
          case 2: columns.heights[row] = this.#number('height'); break;
          default: scanner.skip();
        }
      } while (scanner.another(COMMA_OR_END.object));
    }
    columns.commit();
  }

  /** Enters an object. @returns where it begins */
  #openObject(): number {
    const scanner = this.#scanner;
    if (scanner.next() !== OPEN_OBJECT) scanner.fault(scanner.position, 'an object');
    return scanner.position++;
  }

  /** A number that no other id is rounded to; NaN for null. */
  #id(key: string): number {
    const scanner = this.#scanner;
    scanner.next();
    const start = scanner.position;
    const id = this.#number(key);
    if (!Number.isNaN(id) && !isExactId(id)) scanner.fault(start, `${EXACT_ID} for ${key}`);
    return id;
  }

  /** An annotation's own id, which nothing else names: it may be rounded. Results are numbered anew. */
  #annotationId(): number {
    const scanner = this.#scanner;
    scanner.next();
    const start = scanner.position;
    const id = this.#number('id');
    if (Math.abs(id) === Infinity && !this.#isList) scanner.fault(start, `${EXACT_ID} for id`);
    if (!Number.isNaN(id) && !isExactId(id)) this.#annotations.hasRoundedIds = true;
    return id;
  }

  /** A number; NaN for null. */
  #number(key: string): number {
    const scanner = this.#scanner;
    const byte = scanner.next();
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return scanner.number();
    if (byte !== LETTER_N) scanner.fault(scanner.position, `a number for ${key}`);
    scanner.literal('null');
    return NaN;
  }

  #crowd(): void {
    const scanner = this.#scanner;
    const byte = scanner.next();
    const row = this.#annotations.count;
    if (byte === LETTER_T || byte === LETTER_F) {
      scanner.literal(byte === LETTER_T ? 'true' : 'false');
      this.#annotations.isCrowd[row] = byte === LETTER_T ? 1 : 0;
      return;
    }
    const value = this.#number('iscrowd');
    this.#annotations.isCrowd[row] = Number.isNaN(value) ? 255 : value === 0 ? 0 : 1;
  }

  /** Four numbers; null and an empty list are none. */
  #box(): void {
    const scanner = this.#scanner;
    const columns = this.#annotations;
    const expected = 'four numbers x, y, width, height for bbox';
    columns.clearBox();
    const byte = scanner.next();
    if (byte === LETTER_N) { scanner.literal('null'); return; }
    if (byte !== OPEN_LIST) scanner.fault(scanner.position, expected);
    scanner.position++;
    if (this.#isNext(COMMA_OR_END.list)) return;
    for (let side = 0; side < 4; side++) {
      const first = scanner.next();
      if (first === OPEN_LIST || first === OPEN_OBJECT) scanner.fault(scanner.position, expected);
      columns.boxes[4 * columns.count + side] = scanner.number();
      const at = scanner.position;
      if (scanner.another(COMMA_OR_END.list) !== side < 3) scanner.fault(at, expected);
    }
  }

  /** Skips a value. @returns where it begins, 0 for null */
  #skipped(): number {
    const scanner = this.#scanner;
    const isNull = scanner.next() === LETTER_N;
    const start = scanner.position;
    scanner.skip();
    return isNull ? 0 : start;
  }
}
