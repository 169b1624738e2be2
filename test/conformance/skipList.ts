// Specs of tfjs-core that the backend `torch` does not pass, by exact name, each with its reason. At most 80. An entry that
// passes, or that names no spec, fails the run.

export const skipList: Readonly<Record<string, string>> = {
};
