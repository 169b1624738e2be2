/** A value as JSON for an error: cut where it is long, and named where it is nested too deeply to be written. */
export function describeValue(value: unknown, most = 60): string {
  if (value === undefined) return 'nothing';
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'something nested too deeply to show';
  }
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
