import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FINDING_RULES, findingText } from '../../../src/data/coco/cocoFindings.ts';

describe('FINDING_RULES', () => {
  it('are those of docs/coco.md, in the same order', () => {
    const text = readFileSync(path.join(import.meta.dirname, '../../../docs/coco.md'), 'utf8');
    const documented = [...text.matchAll(/^\| `([a-z-]+)` \| (\w+) \|/gm)].map(([, kind, severity]) => [kind, severity]);
    expect(documented).toEqual(Object.entries(FINDING_RULES).map(([kind, { severity }]) => [kind, severity]));
  });
});

describe('findingText', () => {
  const finding = { kind: 'id-zero', severity: 'kept', of: 'annotations', ids: [0, 0, 0], rows: [4, 7, 9] } as const;

  it.each([[0, ': …;'], [2, ': 0, 0, …;'], [3, ': 0, 0, 0;'], [9, ': 0, 0, 0;']])('names at most %i ids', (examples, text) => {
    expect(findingText(finding, examples)).toContain(`3 annotations have id 0${text}`);
  });
});
