import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { forwardSegmentor } from '../../src/engine/forwardSegmentor.ts';
import { UpernetSegmentor } from '../../src/heads/upernet/segmentor.ts';
import { tinyAdapter } from '../adapter/tinyAdapter.ts';
import { readReference, relativeError, withPrefix } from '../reference.ts';

beforeAll(() => selectBackend());

describe('forwardSegmentor', () => {
  it("gives mmsegmentation's logits, losses and gradients of both heads", async () => {
    const stored = await readReference('upernet');
    const model = new UpernetSegmentor({
      classes: 12,
      backbone: { ...tinyAdapter, channels: 48 },
      head: { channels: 32, poolScales: [1, 2, 3, 6], dropout: 0, lossWeight: 1 },
      auxiliary: { level: 2, channels: 16, convolutions: 1, dropout: 0, lossWeight: 0.4 },
    });
    model.loadState(withPrefix(stored, 'weight.'), { strict: false });
    model.initialise(0);
    const label = stored.get('input.label')!;
    const inputs = {
      features: [0, 1, 2, 3].map((level) => stored.get(`input.f${level}`)!),
      label: { shape: label.shape, data: Int32Array.from(label.data) },
    };
    const found = await forwardSegmentor(model, inputs, { part: 'heads', grad: true });
    const expected = [...stored].filter(([name]) => /^(output|grad)\./.test(name));
    expect(expected.length).toBeGreaterThan(50);
    for (const [name, { shape, data }] of expected) {
      expect(found.get(name)?.shape, name).toEqual(shape);
      expect(relativeError(found.get(name)!.data, data), name).toBeLessThan(name.startsWith('grad.') ? 5e-5 : 1e-5);
    }
    model.dispose();
  });
});
