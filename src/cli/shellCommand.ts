// Commands to show to people, for them to copy.

/** This command line with other options, quoted for a shell. */
export interface OtherOptions {
  /** Options to leave out; what they are told is left out with them. */
  readonly without: { readonly flags: readonly string[]; readonly options: readonly string[] };
  /** What is put at the end. */
  readonly and: readonly string[];
}

/**
 * `npx mpvg` with these arguments, some of them replaced.
 * @param args as in process.argv, without the interpreter and the script
 */
export function shellCommand(args: readonly string[], { without, and }: OtherOptions): string {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (without.options.includes(arg)) i++;
    else if (!without.flags.includes(arg) && !without.options.some((option) => arg.startsWith(`${option}=`))) kept.push(arg);
  }
  return ['npx', 'mpvg', ...kept, ...and].map(quoted).join(' ');
}

function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
}
