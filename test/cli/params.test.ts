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
  readonly parts?: readonly { readonly name: string; readonly parameters: number; readonly flops: number }[];
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

  it.each([
    ['default', 0],
    ['lape', 12 * 2 * 192], // a norm LN' for each layer
    ['share', 0],
    ['unshare', 11 * 197 * 192], // eleven more position embeddings
    ['pvg', 11 * 2 * 192 - 192], // no norm in the first layer, no position of a class token
    ['mpvg', 11 * 2 * 192 - 192 + 2 * 2 * 192], // the last norm and its LN'
  ])('counts UperNet on ViT-Adapter-Ti with %s: 36,062,428 and %i', async (join, more) => {
    const { parameters, parts, modules } = await report('configs/ade20k/upernet_vit_adapter_tiny.ts', '--join', join);
    expect(parts?.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['backbone', 7_966_640 + more], ['decode_head', 27_614_358], ['auxiliary_head', 481_430],
    ]);
    expect(parameters).toBe(36_062_428 + more);
    expect(modules.reduce((sum, module) => sum + module.parameters, 0)).toBe(parameters);
  });

  it('counts the multiply-adds of a segmentation model at the size that it is trained on', async () => {
    const { flops, parts, modules } = await report('configs/ade20k/upernet_vit_adapter_tiny.ts', '--join', 'default');
    const of = (name: string) => modules.find((module) => module.name === name)?.flops;
    // 32 x 32 tokens of 192 channels; the pyramid beside them has 64 x 64, 32 x 32 and 16 x 16.
    const [tokens, pyramid] = [1024, 4096 + 1024 + 256];
    expect(of('backbone.blocks.0.attn')).toBe(tokens * 192 * 4 * 192 + 2 * tokens ** 2 * 192);
    // Offsets and weights of 6 heads, 3 maps and 4 points; values and output; 4 products per point and channel.
    expect(of('backbone.interactions.0.injector')).toBe(tokens * 192 * (144 + 72 + 192) + pyramid * 192 * 192 + tokens * 12 * 192 * 4);
    expect(of('backbone.up')).toBe(4096 * 192 * 192 * 4);
    expect(of('decode_head.fpn_bottleneck')).toBe(128 ** 2 * 9 * 2048 * 512);
    expect(parts?.reduce((sum, part) => sum + part.flops, 0)).toBe(flops);
  });

  it('prints a table that ends with the total', async () => {
    const lines = (await printed('configs/cifar10/vit_lite.ts')).split('\n');
    expect(lines[0]).toMatch(/^module +parameters +FLOPs$/);
    expect(lines.at(-1)).toMatch(/^total +3,719,946 +250,350,080$/);
  });
});
