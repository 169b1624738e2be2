import { describe, expect, it } from 'vitest';
import { childOf, escapeXml, parseXml } from '../../../../src/data/coco/convert/xmlTree.ts';
import { DataError } from '../../../../src/errors.ts';

describe('parseXml', () => {
  it('gives elements with their text and lines', () => {
    const root = parseXml('<?xml version="1.0"?>\n<!-- a comment -->\n<a verified="yes">\n  <b>x &lt; y</b>\n  <b/>\n  <c><![CDATA[1 & 2]]></c>\n</a>\n', 'f');
    expect(root).toEqual({
      name: 'a', line: 3, text: '', children: [
        { name: 'b', line: 4, text: 'x < y', children: [] }, { name: 'b', line: 5, text: '', children: [] },
        { name: 'c', line: 6, text: '1 & 2', children: [] },
      ],
    });
    expect(childOf(root, 'b')?.text).toBe('x < y');
    expect(childOf(root, 'd')).toBeUndefined();
  });

  it('knows the five entities and references to characters', () => {
    expect(parseXml('<a>&amp;&lt;&gt;&quot;&apos;&#228;&#x1F600;</a>', 'f').text).toBe(`&<>"'ä😀`);
  });

  it('does not expand entities of a document type', () => {
    expect(() => parseXml('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'f')).toThrow(DataError);
  });

  it.each([
    ['<a>\n<b></a>', 'expected XML, got at line 2, column 7 of f: unexpected close tag.'],
    ['<a>', 'of f: unclosed tag: a'],
    ['', 'of f: document must contain a root element.'],
    ['{"a": 1}', 'at line 1'],
    ['<a>cats & dogs</a>', 'at line 1'],
    ['<a/><b/>', 'at line 1'],
  ])('says where %j is no XML', (source, message) => {
    expect(() => parseXml(source, 'f')).toThrow(DataError);
    expect(() => parseXml(source, 'f')).toThrow(message);
  });
});

describe('escapeXml', () => {
  it.each(['a & b < c > d', 'Häuser 犬 😀', ']]>', '&amp;'])('writes %j so that it is read the same', (text) => {
    expect(parseXml(`<a>${escapeXml(text)}</a>`, 'f').text).toBe(text);
  });

  it('refuses what XML cannot hold', () => expect(() => escapeXml('a\u0001b')).toThrow('got "a\\u0001b"'));
});
