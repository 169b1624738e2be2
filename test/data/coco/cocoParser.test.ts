import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/random/rng.ts';
import { difference } from './cocoOracle.ts';
import { fuzzParser, type Outcome } from './fuzzParser.ts';
import { datasetOfText, parseText } from './parseText.ts';
import { randomCocoText } from './randomCoco.ts';
import { referenceFolder } from '../../reference.ts';

/** The message of what parsing throws. */
function refusal(text: string): string {
  try {
    datasetOfText(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('CocoParser', () => {
  it('reads what JSON.parse reads from files laid out in any way', () => {
    for (let seed = 0; seed < 200; seed++) {
      const text = randomCocoText(new Rng(seed));
      expect(difference(datasetOfText(text), JSON.parse(text)), `seed ${seed}`).toBeUndefined();
    }
  });

  it('reads the same wherever the pieces of a file end', () => {
    const text = randomCocoText(new Rng(7));
    for (let chunkBytes = 1; chunkBytes < 300; chunkBytes++) {
      expect(difference(datasetOfText(text, chunkBytes), JSON.parse(text)), `pieces of ${chunkBytes} bytes`).toBeUndefined();
    }
  });

  it('takes more records than there was room for, written as most are and in other ways', () => {
    const images = Array.from({ length: 700 }, (_, id) => ({ id, width: id % 50 + 1, height: 5, file_name: `${id}.jpg` }));
    const annotations = Array.from({ length: 2600 }, (_, id) => ({
      id, image_id: id % 700, category_id: id % 3, bbox: [id, 1.5, 2, 3], area: id / 4, iscrowd: id % 2, score: 0.5,
      segmentation: [[id, 1, 2, 3, 4, 5]], keypoints: [1, id, 2], num_keypoints: 1,
    }));
    const text = JSON.stringify({ images, annotations });
    const escaped = text.replaceAll('"id"', '"\\u0069d"').replaceAll('"width"', '"wid\\u0074h"');
    for (const written of [text, text.replaceAll(',"', ' ,\n"'), escaped]) {
      const expected: unknown = JSON.parse(written);
      for (const chunkBytes of [undefined, 3000]) {
        expect(difference(datasetOfText(written, chunkBytes), expected as never)).toBeUndefined();
      }
    }
  });

  it('keeps each piece a bounded size when records are small', () => {
    const annotations = Array.from({ length: 2000 }, (_, id) => ({ id, image_id: 1, category_id: 1, bbox: [id, 1, 2, 3] }));
    const text = JSON.stringify({ images: [{ id: 1, width: 4, height: 5 }], annotations });
    const { chunks } = parseText(text, 1024);
    expect(chunks.length).toBeGreaterThan(90);
    expect(Math.max(...chunks.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(1026);
    expect(chunks.reduce((total, { limit }) => total + limit, 0)).toBe(text.length);
    expect(difference(datasetOfText(text, 1024), JSON.parse(text))).toBeUndefined();
  });

  it('takes the last of keys that come twice, as JSON.parse does', () => {
    const text = '{"annotations":[{"id":1,"bbox":[1,2,3,4]},{"id":2}],"images":[{"id":1}],"images":[{"id":5,"id":6}],' +
      '"annotations":[{"id":3,"id":4,"bbox":[1,2,3,4],"bbox":null,"segmentation":[],"segmentation":null,"iscrowd":1,"iscrowd":null}]}';
    for (const chunkBytes of [1, 20, 50, 1000]) {
      expect(difference(datasetOfText(text, chunkBytes), JSON.parse(text))).toBeUndefined();
    }
  });

  it('refuses what does not have the format, naming the place and the annotation', () => {
    expect(refusal('')).toBe('CocoDataset: expected an object (ground truth) or a list (results) at byte 0 (line 1, column 1) of test.json, ' +
      'got an empty file; copy or download it anew');
    expect(refusal('{"annotations": [\n {"id": 7, "area": "é", "x": NaN}]}')).toBe('CocoDataset: expected a number for area at byte 37 ' +
      '(line 2, column 20) of test.json, in annotations[0] (annotation id 7), got "\\"é\\", \\"x\\": Na"');
    expect(refusal('{"annotations": [{"x":"éé","id": 7, "area": NaN}]}')).toBe('CocoDataset: expected a number for area at byte 46 ' +
      '(line 1, column 45) of test.json, in annotations[0] (annotation id 7), got "NaN}]}"; JSON has no NaN and no infinity: ' +
      'write a number, or leave the field out');
    expect(refusal('{"images": {}}')).toContain('expected a list for images at byte 11');
    expect(refusal('{"images": [3]}')).toContain('expected an object at byte 12 (line 1, column 13) of test.json, in images[0], got "3]}"');
    expect(refusal('{"annotations": [{}, {"bbox": [1, 2, 3]}]}')).toContain('expected four numbers x, y, width, height for bbox at byte 38');
    expect(refusal('{"annotations": [{"bbox": [1, 2, 3, 4, 5]}]}')).toContain('expected four numbers x, y, width, height for bbox');
    expect(refusal('{"annotations": [{"bbox": [1, 2, 3, "4"]}]}')).toContain('expected a number at byte 36');
    expect(refusal('{"annotations": [{"image_id": "12"}]}')).toContain('expected a number for image_id');
    expect(refusal('{"categories": [{"name": "dog"}]}')).toContain('expected an object with a number as id for categories[0]');
    expect(refusal('{"annotations": [], }')).toContain('expected a key in quotes at byte 20');
    expect(refusal('{} {}')).toContain('expected the end of the file at byte 3');
    expect(refusal('\ufeff{}')).toContain('byte order mark');
    expect(refusal("{'images': []}")).toContain('strings need double quotes');
    expect(refusal('{"annotations": [{"iscrowd": False}]}')).toContain("Python's words");
  });

  it.each(['9007199254740992', '9007199254740993', '-9007199254740993', '1e300', '20200312103045000001.0'])('refuses the id %s, which doubles round', (id) => {
    const remedy = `got "${id.slice(0, 12)}`;
    expect(refusal(`{"images": [{"id": ${id}                }]}`)).toMatch(/^CocoDataset: expected a number between -2\^53 and 2\^53 for id at byte 19 .*in images\[0\]/);
    expect(refusal(`{"annotations": [{"image_id": 1}, {"image_id": ${id}                }]}`)).toContain('2^53 for image_id at byte 47');
    expect(refusal(`{"annotations": [{"category_id": ${id}                }]}`)).toContain(remedy);
    expect(refusal(`{"annotations": [{"image_id": ${id}                }]}`)).toMatch(/; ids beyond are rounded to their neighbours: number them anew, in results too$/);
    expect(refusal(`{"categories": [{"id": ${id}}]}`)).toContain('2^53 as id for categories[0]');
  });

  it('takes ids of annotations that doubles round, unless two become the same', () => {
    const ids = (...texts: string[]) => `{"annotations": [${texts.map((id) => `{"id": ${id}, "image_id": 1}`).join(', ')}]}`;
    expect(Array.from(datasetOfText(ids('9223372036854775807', '5', '-9007199254740993', '9007199254740993')).annotations.ids)).toEqual(
      [2 ** 63, 5, -(2 ** 53), 2 ** 53]);
    expect(refusal(ids('1', '9007199254740992', '7', '9007199254740993'))).toBe(
      'CocoDataset: expected ids of annotations in test.json that differ as doubles, got annotations[1] and annotations[3], which are both ' +
      '9007199254740992: from 2^53 on ids are rounded to their neighbours; no results name annotations, so number them anew from 1 ' +
      "(jq '.annotations |= (to_entries | map(.value + {id: (.key + 1)}))' FILE)");
    expect(refusal(ids('1e400'))).toContain('expected a number between -2^53 and 2^53 for id at byte 24');
    expect(refusal(ids('3', '3', '1e300'))).toBe('accepted');
  });

  it('reads the largest ids, negative ones and floats that are whole', () => {
    const text = '{"images": [{"id": 9007199254740991}, {"id": -3}, {"id": 1e3}], "annotations": [{"id": 1.0, "image_id": -9007199254740991}]}';
    expect(difference(datasetOfText(text), JSON.parse(text))).toBeUndefined();
  });

  it('says of numbers in quotes, and of ids that are names, what to do', () => {
    expect(refusal('{"annotations": [{"image_id": "12"}]}')).toMatch(/; write numbers without quotes$/);
    expect(refusal('{"annotations": [{"score": "0.5"}]}')).toMatch(/; write numbers without quotes$/);
    expect(refusal('{"images": [{"id": "a1"}]}')).toMatch(/; ids are numbers here: number what strings name$/);
  });

  it('names line and column across pieces', () => {
    const good = Array.from({ length: 50 }, (_, id) => `  {"id": ${id}}`).join(',\n');
    expect(() => datasetOfText(`{"annotations": [\n${good},\n  {"id": x}]}`, 64)).toThrow(/line 52, column 10\) of test\.json, in annotations\[50\]/);
  });

  it('refuses a segmentation of another form when it is asked for, naming the place', () => {
    const { annotations } = datasetOfText('{"annotations": [{"id": 3, "segmentation": [1, 2]}, {"id": 4, "segmentation": {"size": [1, 2]}},\n' +
      '{"id": 5, "keypoints": [1, "2"]}, {"id": 6, "segmentation": "abc"}]}', 40);
    expect(() => annotations.segmentation(0)).toThrow('expected a list x, y, … for each polygon of segmentation at byte 44 (line 1, column 45) ' +
      'of test.json, in annotations[0] (annotation id 3), got "1, 2]},"');
    expect(() => annotations.segmentation(1)).toThrow('expected "size" and "counts" for a mask');
    expect(() => annotations.keypoints(2)).toThrow('expected a number at byte 124 (line 2, column 28) of test.json, in annotations[2] (annotation id 5)');
    expect(() => annotations.segmentation(3)).toThrow('(annotation id 6)');
  });

  it('never disagrees with JSON.parse on damaged files', () => {
    const outcomes = new Map<Outcome, number>();
    for (let seed = 0; seed < 2000; seed++) {
      const outcome = fuzzParser(seed);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // Each way must be tried often for the test to mean something.
    for (const outcome of ['same values', 'both refuse', 'not COCO'] as const) expect(outcomes.get(outcome)).toBeGreaterThan(25);
  });
});

describe('CocoParser on real files', () => {
  it.each(['coco/instances_cc.json', 'coco/instances_val2014_100.json'])('reads %s as JSON.parse does', (file) => {
    const bytes = readFileSync(path.join(referenceFolder, file));
    const json = JSON.parse(bytes.toString()) as unknown;
    expect(difference(datasetOfText(bytes), json)).toBeUndefined();
    expect(difference(datasetOfText(bytes, 10_000), json)).toBeUndefined();
  });
});
