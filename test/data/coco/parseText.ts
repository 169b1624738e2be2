import { annotationTableOfText, imageTableOfText } from '../../../src/data/coco/byteTables.ts';
import { categoriesOf } from '../../../src/data/coco/categories.ts';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { CocoParser, type ParsedCoco } from '../../../src/data/coco/cocoParser.ts';

/** Feeds a text to the parser in pieces of at most `chunkBytes`, and so has records cut anywhere. */
export function parseText(text: string | Uint8Array, chunkBytes?: number): ParsedCoco {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const parser = new CocoParser({ name: 'test.json', size: bytes.length, ...(chunkBytes !== undefined && { chunkBytes }) });
  const step = chunkBytes ?? bytes.length;
  for (let at = 0; at < bytes.length; at += step) parser.push(bytes.subarray(at, at + step));
  return parser.finish();
}

/** The same as a data set. */
export function datasetOfText(text: string | Uint8Array, chunkBytes?: number): CocoDataset {
  const parsed = parseText(text, chunkBytes);
  return new CocoDataset({
    images: imageTableOfText(parsed),
    categories: categoriesOf(parsed.categories, 'test.json'),
    annotations: annotationTableOfText(parsed, 'test.json'),
    info: parsed.info,
    licenses: parsed.licenses,
  });
}
