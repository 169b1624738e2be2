import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { ProcessResult } from '../../../src/cli/bench/cocoProcesses.ts';
import { cocoTools } from '../../../src/cli/bench/coco.ts';

const program = path.join(import.meta.dirname, '../../../dist/bin/mpvg.js');

it('times help and both kinds of evaluation as whole processes', () => {
  const others = cocoTools.filter((tool) => tool !== 'mpvg');
  const size = ['--photos', '5', '--objects', '20', '--detections', '20', '--rounds', '1'];
  const printed = execFileSync(process.execPath, [program, 'bench', 'coco', '--processes', '--json', ...size, '--without', ...others], { encoding: 'utf8' });
  const results = JSON.parse(printed) as ProcessResult[];
  expect(results.map(({ command, kind }) => [command, kind])).toEqual([['mpvg --help', undefined], ['mpvg', 'bbox'], ['mpvg', 'segm']]);
  expect(results.every(({ ms }) => ms > 1)).toBe(true);
});
