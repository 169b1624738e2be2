/** A share in [0, 1] for people. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
