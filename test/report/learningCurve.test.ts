import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { LogEvent } from '../../src/engine/runLog.ts';
import { learningCurve, meanIouCurve, top1Curve } from '../../src/report/learningCurve.ts';

const train = (step: number, loss: unknown): LogEvent => ({ event: 'train', step, loss });
const evaluate = (step: number, top1: number, loss: number, ema?: number): LogEvent =>
  ({ event: 'evaluate', step, epoch: step / 100, metrics: { top1, loss }, ...(ema !== undefined && { ema: { top1: ema, loss } }) });

/** The corners of a line by its colour, in pixels. */
const corners = (svg: string, colour: string): number[][] => {
  const found = new RegExp(`<path d="M([^"]*)" fill="none" stroke="${colour}"`).exec(svg)?.[1] ?? '';
  return found.split('L').map((place) => place.split(' ').map(Number));
};

/** Checks that tags nest, the one thing about XML that a typo breaks; sharp's parser checks the rest. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, isClosing, name, rest] of svg.matchAll(/<(\/?)([a-z]+)([^>]*)>/g)) {
    if (isClosing !== '') expect(open.pop()).toBe(name);
    else if (!rest!.endsWith('/')) open.push(name!);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
}

describe('learningCurve', () => {
  const events = [
    train(1, 4), train(50, 3), train(100, 2), evaluate(100, 0.25, 2.5), train(150, 1), train(200, 1), evaluate(200, 0.75, 1.5),
  ];

  it('is an SVG picture with a title, named axes with units and a legend', async () => {
    const svg = learningCurve(events, 'runs/a & <b>', top1Curve);
    expectWellFormed(svg);
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, content]) => content);
    expect(texts).toEqual(expect.arrayContaining([
      'runs/a &amp; &lt;b&gt;', 'optimizer steps', 'loss (cross entropy, nats)', 'top-1 accuracy (%)',
      'training loss', 'validation loss', 'top-1', '0', '200', '100',
    ]));
    expect(texts).not.toContain('top-1 of the average (EMA)');
    expect(await sharp(Buffer.from(svg)).metadata()).toMatchObject({ width: 760, height: 420, format: 'svg' });
  });

  it('puts values where they belong: loss to the left axis, top-1 to the right one', () => {
    const svg = learningCurve(events, 'a', top1Curve);
    // The plot is 632 x 288 pixels from (64, 56); losses reach 4, steps 200, top-1 100 %.
    expect(corners(svg, '#9db8d9')).toEqual([[67.2, 56], [222, 128], [380, 200], [538, 272], [696, 272]]);
    expect(corners(svg, '#1f5fa8')).toEqual([[380, 164], [696, 236]]);
    expect(corners(svg, '#d1651f')).toEqual([[380, 272], [696, 128]]);
  });

  it('shows the moving average when there is one', () => {
    const svg = learningCurve([train(1, 4), evaluate(1, 0.1, 4, 0.5), evaluate(2, 0.1, 4, 1)], 'a', top1Curve);
    expect(svg).toContain('top-1 of the average (EMA)');
    expect(corners(svg, '#7a3b9a').map(([, y]) => y)).toEqual([200, 56]);
  });

  it('averages neighbours when there are more than it can show', () => {
    const many = Array.from({ length: 1000 }, (_, i) => train(i + 1, i % 2));
    const places = corners(learningCurve(many, 'a', top1Curve), '#9db8d9');
    expect(places).toHaveLength(250);
    expect(new Set(places.map(([, y]) => y)).size).toBe(1);
  });

  it('survives an empty log, one step, zeros, and numbers that are none', () => {
    for (const log of [[], [train(1, 0)], [train(1, 'NaN'), train(2, 'Infinity')], [evaluate(1, 0, 0)], [train(1, 1e-9)], [train(3, 1e9)]]) {
      expectWellFormed(learningCurve(log, 'a', top1Curve));
    }
  });

  it('draws another metric of another task', () => {
    const svg = learningCurve([{ event: 'evaluate', step: 3, metrics: { mIoU: 0.25 } }], 'a', meanIouCurve);
    expect(svg).toContain('mean intersection over union (%)');
    expect(svg).toContain('>mIoU<');
    expect(svg).not.toContain('top-1');
  });
});
