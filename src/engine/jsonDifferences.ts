// Where two JSON values differ, for people to read.

/**
 * One line for each leaf in which `after` differs from `before`: 'schedule.epochs: 10 -> 20'. Lists are leaves.
 * An absent value reads 'nothing'.
 */
export function jsonDifferences(before: unknown, after: unknown, path = ''): string[] {
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => jsonDifferences(own(before, key), own(after, key), path === '' ? key : `${path}.${key}`));
  }
  const [old, now] = [show(before), show(after)];
  return old === now ? [] : [`${path}: ${old} -> ${now}`];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
