// `model.classes: 'data'`: as many classes as the data has.

interface WithClasses {
  readonly model: { readonly classes: number | 'data' };
}

/** A config whose number of classes is known. */
export type Resolved<Config extends WithClasses> = Config & { readonly model: { readonly classes: number } };

/** @param count says how many the data has; asked when that is wanted */
export async function resolveClasses<Config extends WithClasses>(
  config: Config, count: () => Promise<number> | number,
): Promise<Resolved<Config>> {
  const { classes } = config.model;
  const number = classes === 'data' ? await count() : classes;
  return { ...config, model: { ...config.model, classes: number } };
}
