/** A line for people; standard output stays for results. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
