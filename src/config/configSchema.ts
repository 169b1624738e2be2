// Every config that there is, told apart by its task.

import { z } from 'zod';
import { finetuneSchema } from './finetuneSchema.ts';
import { pretrainSchema } from './pretrainSchema.ts';

export const configSchema = z.discriminatedUnion('task', [pretrainSchema, finetuneSchema]);

/** What stands in a config file. */
export type ConfigInput = z.input<typeof configSchema>;

/** A config as it runs: overrides applied, presets spelt out, checked. */
export type Config = z.output<typeof configSchema>;
