import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CocoDataset, type AnnotationFilter, type CategoryFilter, type ImageFilter } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation, CocoFile } from '../../../src/data/coco/records.ts';
import { datasetOfText } from './parseText.ts';

const file = {
  info: { description: 'five objects' },
  images: [
    { id: 3, width: 10, height: 8, file_name: '3.jpg' }, { id: 1, width: 20, height: 10, file_name: '1.jpg' },
    { id: 2, width: 5, height: 5, file_name: '2.jpg' },
  ],
  categories: [
    { id: 2, name: 'dog', supercategory: 'animal' }, { id: 1, name: 'cat', supercategory: 'animal' },
    { id: 5, name: 'car', supercategory: 'vehicle' },
  ],
  annotations: [
    { id: 10, image_id: 1, category_id: 1, area: 5, iscrowd: 0, segmentation: [[2, 2, 8, 2, 8, 6, 2, 6]] },
    { id: 11, image_id: 3, category_id: 2, area: 50, iscrowd: 1, segmentation: { size: [8, 10], counts: [8, 3, 69] } },
    { id: 12, image_id: 1, category_id: 2, area: 20, iscrowd: 0 },
    { id: 13, image_id: 2, category_id: 1, area: 7, iscrowd: 0, segmentation: { size: [5, 5], counts: '52b0' } },
    { id: 14, image_id: 3, category_id: 1, area: 20, iscrowd: 0, comment: 'né' },
  ],
} satisfies CocoFile;

/** The same data however they were read. */
const datasets: [string, CocoDataset][] = [
  ['an object', CocoDataset.fromObject(file)],
  ['bytes', CocoDataset.fromBytes(new TextEncoder().encode(JSON.stringify(file)))],
  ['pieces of a file', datasetOfText(JSON.stringify(file, null, 2), 100)],
];

// What pycocotools 2.0.11 answers on the same data; its sets of photos are sorted here.
describe.each(datasets)('CocoDataset from %s', (_, dataset) => {
  it.each<[AnnotationFilter, number[]]>([
    [{}, [10, 11, 12, 13, 14]],
    [{ imgIds: [3, 1] }, [11, 14, 10, 12]],
    [{ imgIds: 1 }, [10, 12]],
    [{ catIds: [2] }, [11, 12]],
    [{ imgIds: [3, 2], catIds: [1, 5] }, [14, 13]],
    [{ areaRng: [5, 20] }, [13]],
    [{ areaRng: [4, 21], imgIds: [1] }, [10, 12]],
    [{ iscrowd: true }, [11]],
    [{ iscrowd: 0, catIds: [2] }, [12]],
    [{ imgIds: [99] }, []],
    [{ imgIds: [1, 1] }, [10, 12, 10, 12]],
    [{ imgIds: [], catIds: [] }, [10, 11, 12, 13, 14]],
  ])('getAnnIds(%j)', (filter, ids) => expect(dataset.getAnnIds(filter)).toEqual(ids));

  it.each<[CategoryFilter, number[]]>([
    [{}, [2, 1, 5]], [{ catNms: 'cat' }, [1]], [{ catNms: ['dog', 'car'] }, [2, 5]], [{ supNms: ['animal'] }, [2, 1]],
    [{ supNms: 'animal', catIds: [1, 5] }, [1]], [{ catNms: ['cow'] }, []],
  ])('getCatIds(%j)', (filter, ids) => expect(dataset.getCatIds(filter)).toEqual(ids));

  it.each<[ImageFilter, number[]]>([
    [{}, [1, 2, 3]], [{ imgIds: [2, 1] }, [1, 2]], [{ catIds: [1] }, [1, 2, 3]], [{ catIds: [1, 2] }, [1, 3]],
    [{ imgIds: [3, 2], catIds: [1] }, [2, 3]], [{ catIds: 5 }, []], [{ imgIds: [77] }, [77]],
  ])('getImgIds(%j)', (filter, ids) => expect(dataset.getImgIds(filter).sort((a, b) => a - b)).toEqual(ids));

  it('keeps the order of the file', () => expect(dataset.getImgIds()).toEqual([3, 1, 2]));

  it('loads whole records by id', () => {
    expect(dataset.loadAnns([14, 10])).toEqual([file.annotations[4], file.annotations[0]]);
    expect(dataset.loadImgs(2)).toEqual([file.images[2]]);
    expect(dataset.loadCats([5, 2])).toEqual([file.categories[2], file.categories[0]]);
    expect(dataset.info).toEqual(file.info);
  });

  it('names an id that is not there', () => {
    expect(() => dataset.loadAnns([10, 99])).toThrow('CocoDataset: expected the id of an annotation in the data, got 99');
    expect(() => dataset.loadImgs([99])).toThrow('expected the id of an image in the data, got 99');
    expect(() => dataset.loadCats(99)).toThrow('expected the id of a category in the data, got 99');
  });

  it('draws polygons, run lengths and compressed run lengths', () => {
    const mask = dataset.annToMask(10);
    expect(mask.length).toBe(200);
    // The polygon's box is x 2 to 8, y 2 to 6: 6 x 4 pixels.
    mask.forEach((value, at) => {
      const [x, y] = [at % 20, Math.floor(at / 20)];
      expect(value).toBe(x >= 2 && x < 8 && y >= 2 && y < 6 ? 1 : 0);
    });
    expect([...dataset.annToMask(11).entries()].filter(([, value]) => value === 1).map(([at]) => at)).toEqual([1, 11, 21]);
    expect([...dataset.annToRle(13).counts]).toEqual([5, 2, 18]);
    expect(() => dataset.annToRle(12)).toThrow('annToRle: expected a segmentation for annotation id 12 of the data, got none');
  });

  it('groups rows by photo and by category', () => {
    expect([...dataset.annotationsByImage.keys]).toEqual([1, 3, 2]);
    expect([...dataset.annotationsByImage.rows(3)]).toEqual([1, 4]);
    expect([...dataset.annotationsByCategory.rows(1)]).toEqual([0, 3, 4]);
    expect([...dataset.annotationsByCategory.rows(5)]).toEqual([]);
  });
});

// Expected values are what pycocotools 2.0.11 makes of the same results.
describe('loadRes', () => {
  const truth = CocoDataset.fromObject(file);
  const ways: [string, (results: readonly CocoAnnotation[]) => Promise<CocoDataset>][] = [
    ['objects', (results) => truth.loadRes(results)],
    ['bytes', (results) => truth.loadRes(new TextEncoder().encode(JSON.stringify(results)))],
  ];

  describe.each(ways)('from %s', (_, load) => {
    it('completes boxes with areas and rectangles', async () => {
      const mask = { size: [8, 10] as const, counts: 'PPYo1' };
      const { annotations, isResults } = await load([
        { image_id: 1, category_id: 1, bbox: [1.5, 2.25, 3.1, 4.7], score: 0.5 },
        { image_id: 3, category_id: 1, bbox: [1, 2, 3, 4], segmentation: mask, score: 0.25, extra: 1 },
        { image_id: 3, category_id: 1, bbox: [5, 6, 1, 2], score: 0.25 },
      ]);
      expect(annotations.segmentation(2)).toEqual([[5, 6, 5, 8, 6, 8, 6, 6]]);
      expect(isResults).toBe(true);
      expect([...annotations.ids]).toEqual([1, 2, 3]);
      expect([...annotations.areas]).toEqual([14.57, 12, 2]);
      expect([...annotations.isCrowd]).toEqual([0, 0, 0]);
      expect(annotations.segmentation(0)).toEqual([[1.5, 2.25, 1.5, 6.95, 4.6, 6.95, 4.6, 2.25]]);
      expect(annotations.record(0)).toEqual({
        image_id: 1, category_id: 1, bbox: [1.5, 2.25, 3.1, 4.7], score: 0.5, area: 14.57, id: 1, iscrowd: 0,
        segmentation: [[1.5, 2.25, 1.5, 6.95, 4.6, 6.95, 4.6, 2.25]],
      });
      expect(annotations.record(1)).toEqual({
        image_id: 3, category_id: 1, bbox: [1, 2, 3, 4], segmentation: mask, score: 0.25, extra: 1, area: 12, id: 2, iscrowd: 0,
      });
    });

    it('completes masks with areas, and with boxes where there are none', async () => {
      const segmentation = { size: [10, 20] as const, counts: 'P137000000000Q2NRO' };
      const { annotations } = await load([
        { image_id: 1, category_id: 1, segmentation, score: 0.5 },
        { image_id: 1, category_id: 1, segmentation, bbox: [0, 0, 1, 1], score: 0.5 },
      ]);
      expect([...annotations.areas]).toEqual([19, 19]);
      expect([...annotations.boxes]).toEqual([3, 2, 13, 6, 0, 0, 1, 1]);
      expect(annotations.record(0)).toEqual({
        image_id: 1, category_id: 1, segmentation, score: 0.5, area: 19, bbox: [3, 2, 13, 6], id: 1, iscrowd: 0,
      });
    });

    it('completes keypoints with the box around all of them', async () => {
      const { annotations } = await load([
        { image_id: 1, category_id: 1, keypoints: [5, 6, 2, 0, 0, 0, 3, 9.5, 1], score: 0.5 },
        { image_id: 1, category_id: 1, keypoints: [1, 2, 2, 3, 5, 2, 2, 4, 1], score: 0.5 },
      ]);
      expect([...annotations.areas]).toEqual([47.5, 6]);
      expect([...annotations.boxes]).toEqual([0, 0, 5, 9.5, 1, 2, 2, 3]);
      expect(annotations.record(1)).toMatchObject({ bbox: [1, 2, 2, 3], area: 6, id: 2 });
      expect([...annotations.keypoints(0) ?? []]).toEqual([5, 6, 2, 0, 0, 0, 3, 9.5, 1]);
    });

    it('completes masks of plain run lengths, and refuses polygons among them', async () => {
      const segmentation = { size: [4, 5], counts: [5, 2, 13] } as const;
      const { annotations } = await load([{ image_id: 1, category_id: 1, segmentation, score: 0.5 }]);
      expect([[...annotations.areas], [...annotations.boxes]]).toEqual([[2], [1, 1, 1, 2]]);
      const mixed = await load([{ image_id: 1, segmentation }, { image_id: 1, segmentation: [[1, 1, 5, 1, 5, 5]] }]);
      expect(() => mixed.annotations.areas).toThrow(/^loadRes: expected a segmentation of run lengths .* in each result of .*, got none in \[1\]$/);
      const short = await load([{ image_id: 1, segmentation: { size: [4, 5], counts: [5, 2] } }]);
      expect(() => short.annotations.areas).toThrow(/\(segmentation of result \[0\] in /);
    });

    it('takes keypoints of one point, and names results without', async () => {
      const { annotations } = await load([{ image_id: 1, keypoints: [5, 6, 2] }, { image_id: 1, keypoints: [7, 8] }]);
      expect([...annotations.boxes]).toEqual([5, 6, 0, 0, 7, 8, 0, 0]);
      for (const keypoints of [undefined, [], [7]]) {
        const lacking = load([{ image_id: 1, keypoints: [5, 6, 2] }, { image_id: 1, ...keypoints && { keypoints } }]);
        await expect(lacking).rejects.toThrow(/^loadRes: expected keypoints in each result of .*, as in the first, got none in \[1\]$/);
      }
    });

    it('numbers results of other kinds, and counts the boxes that stand in for masks', async () => {
      const { annotations } = await load([{ image_id: 1, id: 9, caption: 'a' }, { image_id: 3, id: 9, caption: 'b' }]);
      expect([...annotations.ids]).toEqual([1, 2]);
      expect([annotations.record(0), annotations.record(1)]).toEqual([{ image_id: 1, id: 1, caption: 'a' }, { image_id: 3, id: 2, caption: 'b' }]);
      const bbox = [1, 2, 3, 4] as const;
      const mask = { size: [10, 20], counts: 'P137000000000Q2NRO' } as const;
      const boxes = await load([{ image_id: 1, bbox }, { image_id: 1, bbox, segmentation: mask }, { image_id: 1, bbox }]);
      expect(boxes.annotations.countBoxMasks?.()).toBe(2);
    });

    it('takes no results at all', async () => {
      const { annotations, images } = await load([]);
      expect(annotations.count).toBe(0);
      expect(images.count).toBe(3);
    });

    it('numbers results anew, whatever ids they have', async () => {
      const results = '[{"id": 9007199254740993, "image_id": 1, "bbox": [1, 2, 3, 4]}, {"id": 9007199254740992, "image_id": 1, "bbox": [1, 2, 3, 4]}]';
      const truth = CocoDataset.fromObject(file);
      expect([...(await truth.loadRes(Buffer.from(results))).annotations.ids]).toEqual([1, 2]);
      expect([...(await truth.loadRes(JSON.parse(results) as CocoAnnotation[])).annotations.ids]).toEqual([1, 2]);
      await expect(truth.loadRes(Buffer.from('[{"image_id": 9007199254740993, "bbox": [1, 2, 3, 4]}]'))).rejects.toThrow('2^53 for image_id');
    });

    it('names the result that does not belong', async () => {
      await expect(load([{ image_id: 1, bbox: [1, 2, 3, 4] }, { image_id: 9, bbox: [1, 2, 3, 4] }]))
        .rejects.toThrow('loadRes: expected results of photos of this data set in results, got image_id 9 in [1]');
      await expect(load([{ image_id: 1, bbox: [1, 2, 3, 4] }, { image_id: 1 }]))
        .rejects.toThrow('loadRes: expected a bbox in each result of results, as in the first, got none in [1]');
    });
  });
});

describe('CocoDataset.open', () => {
  let folder: string;
  beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'coco-')); });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads ground truth and results from files and tells how far it is', async () => {
    const [gt, dt] = [path.join(folder, 'gt.json'), path.join(folder, 'dt.json')];
    await writeFile(gt, JSON.stringify(file));
    await writeFile(dt, JSON.stringify([{ image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], score: 1 }]));
    const told: number[][] = [];
    const truth = await CocoDataset.open(gt, (...numbers) => told.push(numbers));
    const size = Buffer.byteLength(JSON.stringify(file));
    expect(told).toEqual([[size, size]]);
    expect(truth.loadAnns(truth.getAnnIds())).toEqual(file.annotations);
    expect((await truth.loadRes(dt)).annotations.count).toBe(1);
    await expect(truth.loadRes(gt)).rejects.toThrow(`expected a list of results in ${gt}, got an object`);
    await expect(CocoDataset.open(dt)).rejects.toThrow(`expected an object with images, annotations and categories in ${dt}, got a list`);
  });

  it('names the file that cannot be read', async () => {
    await expect(CocoDataset.open(path.join(folder, 'none.json'))).rejects.toThrow('none.json: no such file');
    await expect(CocoDataset.open(folder)).rejects.toThrow(`got ${folder}: it is a directory`);
    const broken = path.join(folder, 'broken.json');
    await writeFile(broken, '{"images": [');
    await expect(CocoDataset.open(broken)).rejects.toThrow(`at byte 12 (line 1, column 13) of ${broken}, got the end of the file`);
  });

  it('refuses objects of the wrong types, naming the entry', () => {
    const of = (annotation: unknown) => () => CocoDataset.fromObject({ annotations: [annotation as CocoAnnotation] });
    expect(of({ id: 4, bbox: [1, 2, 3] })).toThrow('expected x, y, width, height for annotations[0].bbox (annotation id 4), got [1,2,3]');
    expect(of({ image_id: '7' })).toThrow('expected a number for annotations[0].image_id, got "7"');
    expect(of(3)).toThrow('expected an object for annotations[0], got 3');
    expect(of({ image_id: 2 ** 53 })).toThrow('expected a number between -2^53 and 2^53 for annotations[0].image_id, got 9007199254740992');
    expect(of({ id: Infinity })).toThrow('expected a number between -2^53 and 2^53 for annotations[0].id');
    expect(of({ id: 2 ** 60 })).not.toThrow();
    expect(() => CocoDataset.fromObject({ annotations: [{ id: 2 ** 60, image_id: 1 }, { id: 2 ** 60, image_id: 2 }] })).toThrow(
      'expected ids of annotations in the data that differ as doubles, got annotations[0] and annotations[1], which are both 1152921504606846976: ');
    expect(() => CocoDataset.fromObject({ images: [{ id: 2 ** 60, width: 1, height: 1, file_name: '' }] })).toThrow('2^53 for images[0].id');
    expect(() => CocoDataset.fromObject([] as never)).toThrow('got a list');
  });
});
