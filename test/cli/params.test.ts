import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/runProgram.ts';

afterEach(() => vi.restoreAllMocks());

/** What `mpvg params` prints. */
async function printed(...args: string[]): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => { lines.push(String(line)); });
  expect(await runProgram(createProgram(), ['params', ...args])).toBe(0);
  return lines.join('\n');
}

interface Report {
  readonly parameters: number;
  readonly flops: number;
  readonly modules: readonly { readonly name: string; readonly parameters: number; readonly flops: number }[];
}

async function report(config: string, ...args: string[]): Promise<Report> {
  return JSON.parse(await printed(config, '--json', ...args)) as Report;
}

describe('mpvg params', () => {
  // MPVG, tables 1 and 2, to the last digit; share and unshare as the LaPE repository builds them.
  it.each([
    ['imagenet/deit_tiny', 'default', 5_717_416],
    ['imagenet/deit_tiny', 'lape', 5_722_024],
    ['imagenet/deit_tiny', 'share', 5_717_416],
    ['imagenet/deit_tiny', 'unshare', 6_133_480],
    ['imagenet/deit_tiny', 'pvg', 5_721_256],
    ['imagenet/deit_tiny', 'mpvg', 5_721_640],
    ['imagenet/deit_small', 'lape', 22_059_880],
    ['imagenet/deit_small', 'pvg', 22_058_344],
    ['imagenet/deit_small', 'mpvg', 22_059_112],
    ['imagenet/deit_base', 'lape', 86_586_088],
    ['imagenet/deit_base', 'pvg', 86_583_016],
    ['imagenet/deit_base', 'mpvg', 86_584_552],
    ['cifar100/vit_lite', 'default', 3_740_004],
    ['cifar100/vit_lite', 'lape', 3_743_588],
    ['cifar100/vit_lite', 'pvg', 3_742_564],
    ['cifar100/vit_lite', 'mpvg', 3_743_076],
  ])('%s with %s has %i parameters', async (config, join, expected) => {
    const { parameters, modules } = await report(`configs/${config}.ts`, '--join', join);
    expect(parameters).toBe(expected);
    expect(modules.reduce((sum, module) => sum + module.parameters, 0)).toBe(expected);
  });

  it("counts the multiply-adds of DeiT-Ti's parts", async () => {
    const { flops, modules } = await report('configs/imagenet/deit_tiny.ts', '--join', 'default');
    const of = (name: string) => modules.find((module) => module.name === name)?.flops;
    // 197 tokens of 192 channels: qkv and projection, then scores and weighted values; two linear layers of ratio 4.
    expect(of('blocks.3.attn')).toBe(197 * 192 * 4 * 192 + 2 * 197 ** 2 * 192);
    expect(of('blocks.3.mlp')).toBe(2 * 197 * 192 * 4 * 192);
    expect(of('patch_embed')).toBe(196 * 16 * 16 * 3 * 192);
    expect(of('head')).toBe(192 * 1000);
    // Touvron et al., 2021: 1.3 G (table 5 prints throughput beside it).
    expect(flops / 1e9).toBeCloseTo(1.25, 2);
  });

  it('prints a table that ends with the total', async () => {
    const lines = (await printed('configs/cifar10/vit_lite.ts')).split('\n');
    expect(lines[0]).toMatch(/^module +parameters +FLOPs$/);
    expect(lines.at(-1)).toMatch(/^total +3,719,946 +250,350,080$/);
  });
});
