/** Something that the user can put right. The message says what is missing and how to get it, in one line. */
export class SetupProblem extends Error {
  /** @override */
  name = 'SetupProblem';
}
