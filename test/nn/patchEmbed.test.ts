import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { PatchEmbed } from '../../src/nn/patchEmbed.ts';

beforeAll(() => selectBackend());

describe('PatchEmbed', () => {
  it("starts as torch's convolutions do, weight and bias evenly within ±1/√fan-in", async () => {
    const layer = new PatchEmbed({ patchPx: 4, channels: 400 });
    layer.initialise(0);
    const bound = 1 / Math.sqrt(3 * 4 * 4);
    for (const parameter of [layer.weight, layer.bias]) {
      const most = Math.max(...(await parameter.read()).map(Math.abs));
      expect(most).toBeLessThanOrEqual(bound);
      expect(most).toBeGreaterThan(0.97 * bound);
    }
  });
});
