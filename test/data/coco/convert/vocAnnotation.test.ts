import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatVoc, parseVoc } from '../../../../src/data/coco/convert/vocAnnotation.ts';
import { DataError } from '../../../../src/errors.ts';

/** 2007_000027.xml of VOC2012, shortened: an object with parts. */
const official = `<annotation>
  <folder>VOC2012</folder>
  <filename>2007_000027.jpg</filename>
  <source>
    <database>The VOC2007 Database</database>
  </source>
  <size>
    <width>486</width>
    <height>500</height>
    <depth>3</depth>
  </size>
  <segmented>0</segmented>
  <object>
    <name>person</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <difficult>0</difficult>
    <bndbox>
      <xmin>174</xmin>
      <ymin>101</ymin>
      <xmax>349</xmax>
      <ymax>351</ymax>
    </bndbox>
    <part>
      <name>head</name>
      <bndbox><xmin>169</xmin><ymin>104</ymin><xmax>209</xmax><ymax>146</ymax></bndbox>
    </part>
  </object>
  <object>
    <name>dog</name>
    <difficult>1</difficult>
    <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>486</xmax><ymax>500</ymax></bndbox>
  </object>
</annotation>
`;

describe('parseVoc', () => {
  it('reads pixels from 1, corners included, as edges from 0', () => {
    expect(parseVoc(official, 'f')).toEqual({
      fileName: '2007_000027.jpg',
      size: { width: 486, height: 500 },
      objects: [
        { name: 'person', bbox: [173, 100, 176, 251], difficult: false },
        { name: 'dog', bbox: [0, 0, 486, 500], difficult: true },
      ],
    });
  });

  it('reads corners as edges from 0 if asked to', () => {
    expect(parseVoc(official, 'f', true).objects.map(({ bbox }) => bbox)).toEqual([[174, 101, 175, 250], [1, 1, 485, 499]]);
  });

  const box = (corners: string) => `<annotation>\n<filename>a.jpg</filename>\n<object><name>a</name>\n${corners}</object></annotation>`;

  it.each([
    ['C:\\photos\\dog 1.jpg', 'dog 1.jpg'], ['/home/me/dog.jpg', 'dog.jpg'], ['train\\dog.jpg', 'train/dog.jpg'], ['Hündin &amp; 犬.jpg', 'Hündin & 犬.jpg'],
  ])('takes the photo of %s for %s', (written, name) => {
    expect(parseVoc(`<annotation><filename>${written}</filename></annotation>`, 'f').fileName).toBe(name);
    for (const none of ['', '<filename/>', '<filename> </filename>']) expect(parseVoc(`<annotation>${none}</annotation>`, 'f').fileName).toBeUndefined();
  });

  it('has no size where the file has none, or 0', () => {
    const size = '<size><width>0</width><height>0</height><depth>3</depth></size>';
    const flat = size.replace('<width>0', '<width>9');
    const narrow = size.replace('<height>0', '<height>9');
    for (const text of ['', size, flat, narrow]) expect(parseVoc(`<annotation><filename>a.jpg</filename>${text}</annotation>`, 'f').size).toBeUndefined();
  });

  it.each<[string, string]>([
    ['<annotations/>', 'expected <annotation> as the root of f, got <annotations>'],
    [box(''), 'expected <bndbox> in <object> at line 3 of f, got none'],
    [box('<bndbox><xmin>1</xmin></bndbox>'), 'expected <ymin> in <bndbox> at line 4 of f, got none'],
    [box('<bndbox><xmin>one</xmin></bndbox>'), 'expected a number for <xmin> at line 4 of f, got "one"'],
    [box('<bndbox><xmin/></bndbox>'), 'expected a number for <xmin> at line 4 of f, got ""'],
    [box('<bndbox><xmin>9</xmin><ymin>1</ymin><xmax>8</xmax><ymax>1</ymax></bndbox>'), 'expected xmin <= xmax and ymin <= ymax at line 4 of f, got 9 1 8 1'],
    [official.slice(0, 300), 'of f: unclosed tag'],
  ])('says what is wrong with %j', (xml, message) => {
    expect(() => parseVoc(xml, 'f')).toThrow(DataError);
    expect(() => parseVoc(xml, 'f')).toThrow(message);
  });
});

describe('formatVoc', () => {
  it('writes pixels from 1', () => {
    const xml = formatVoc({ fileName: 'a.jpg', size: { width: 20, height: 10 }, objects: [{ name: 'dog', bbox: [0, 2.5, 20, 7.5], difficult: true }] });
    expect(xml).toContain('<size><width>20</width><height>10</height><depth>3</depth></size>');
    expect(xml).toContain('<difficult>1</difficult>\n\t\t<bndbox><xmin>1</xmin><ymin>3.5</ymin><xmax>20</xmax><ymax>10</ymax></bndbox>');
  });

  const hundredths = (min: number) => fc.integer({ min, max: 500_000 }).map((value) => value / 100);
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => text.trim()).filter((text) => text !== '' && !/[\r\n]/.test(text));

  it.each([false, true])('is read again to the last bit (zero-based: %s)', (isZeroBased) => {
    const bbox = fc.tuple(hundredths(0), hundredths(0), hundredths(100), hundredths(100));
    const object = fc.record({ name, difficult: fc.boolean(), bbox });
    fc.assert(fc.property(fc.array(object, { maxLength: 4 }), name, (objects, fileName) => {
      const annotation = { fileName: `photos/${fileName.replaceAll('\\', '')}`, size: { width: 6000, height: 6000 }, objects };
      expect(parseVoc(formatVoc(annotation, isZeroBased), 'f', isZeroBased)).toEqual(annotation);
    }), { seed: 4, numRuns: 500 });
  });
});
