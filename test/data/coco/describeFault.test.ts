import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';

const truth = CocoDataset.fromObject({ images: [{ id: 1, width: 8, height: 8, file_name: 'a.jpg' }], categories: [{ id: 1, name: 'cat' }], annotations: [] });

/** What is said of the text of ground truth. */
function refusal(text: string): string {
  try {
    CocoDataset.fromBytes(Buffer.from(text), 'gt.json');
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

const annotation = (fields: string) => `{"annotations": [{"id": 1, ${fields}}]}`;

describe('what is wrong with a file is said with what helps', () => {
  it.each([
    ['', 'got an empty file; copy or download it anew'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n', 'got a git-lfs pointer, which stands for the file; fetch the file itself with git lfs pull'],
    ['<!DOCTYPE html><html></html>', 'got a web page, which a server sent in its place; download the file anew'],
    ['{"annotations": null}', 'expected a list for annotations at byte 16 (line 1, column 17) of gt.json, got "null}"; leave it out, or write [] for none'],
    ['{"images": {"1": {}}}', 'got "{\\"1\\": {}}}"; write its values as a list, without the keys'],
    [annotation('"bbox": [1, 2, 3, 4, 0.9]'), '; a score goes into "score", other numbers have no place in a box'],
    [annotation('"bbox": [[1, 2, 3, 4]]'), '; write one box without a list around it'],
    [annotation('"bbox": {"x": 1}'), '; write its numbers as a list'],
    [annotation('"category_id": 9007199254740993'), '; ids beyond are rounded to their neighbours: number them anew, in results too'],
    ['{"images": [{"id": 9007199254740993}]}', '; ids beyond are rounded to their neighbours: number them anew, in results too'],
    ['{"image_id": 1}\n{"image_id": 1}\n', 'expected the end of the file at byte 16 (line 2, column 1) of gt.json, got "{\\"image_id\\":"; one JSON value per line is no JSON file: make one list of the lines (jq -s . FILE)'],
  ])('%s', (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it.each([
    ['[1, 2, 3, 4, 5, 6]', '; put a list around the numbers: [[x, y, …]], one list for each polygon'],
    ['[[[1, 2], [3, 4], [5, 6]]]', '; write x, y, x, y, … without a list around each point'],
    ['"PPYo1"', '; a mask is an object, its text is "counts": { "size": [height, width], "counts": "…" }'],
  ])('a segmentation %s', (segmentation, message) => {
    const dataset = CocoDataset.fromBytes(Buffer.from(annotation(`"segmentation": ${segmentation}`)));
    expect(() => dataset.annotations.segmentation(0)).toThrow(message);
  });

  it.each([
    ['{"image_id": 1}', 'expected a list of results in results, got an object; results are a list [{ … }, …]: take the one that is in it (jq .annotations FILE), or put brackets around a single result'],
    ['[{"category_id": 1, "bbox": [1, 1, 2, 2], "score": 1}]', 'expected results of photos of this data set in results, got no image_id in [0]'],
  ])('results %s', async (text, message) => {
    await expect(truth.loadRes(Buffer.from(text))).rejects.toThrow(message);
  });
});
