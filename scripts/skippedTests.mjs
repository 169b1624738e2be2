// What a run of vitest left out, for the end of `npm test`. A test that wants something of the machine says so in its name, or in
// that of a group around it: "a full device (needs /dev/full)".

/**
 * @typedef {object} Report of vitest's JSON reporter
 * @property {{ assertionResults: { status: string, fullName: string, title: string, ancestorTitles: string[] }[] }[]} testResults
 */

/**
 * One line for each reason: "2 skipped, needs nvcc: compiles every file with nvcc; names a file that does not".
 * @param {Report} report
 * @param {number} [shown] names in a line
 * @returns {string[]}
 */
export function skippedLines({ testResults }, shown = 5) {
  /** @type {Map<string, string[]>} */
  const byReason = new Map();
  for (const { status, fullName, title } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status === 'passed' || status === 'failed') continue;
    const reason = /\((needs [^)]+)\)/.exec(fullName)?.[1] ?? 'by choice';
    byReason.set(reason, [...byReason.get(reason) ?? [], title]);
  }
  return [...byReason].map(([reason, titles]) => {
    const more = titles.length > shown ? ` and ${titles.length - shown} more` : '';
    return `${titles.length} skipped, ${reason}: ${titles.slice(0, shown).join('; ')}${more}`;
  });
}
