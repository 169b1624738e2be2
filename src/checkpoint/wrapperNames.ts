// Names of parameters with something before all of them: what a wrapper of the training framework was called in the saved object.
// DataParallel and DistributedDataParallel say `module.`, torch.compile `_orig_mod.`, training classes `model.`, and a saved
// dictionary that was flattened whole `state_dict.`.

const WRAPPER = /^(?:module|model|state_dict|_orig_mod)\./;

export interface UnwrappedNames<Value> {
  readonly tensors: ReadonlyMap<string, Value>;
  /** What stood before all names; '' where nothing did. */
  readonly wrapper: string;
}

/** The same tensors without what a wrapper, or several, put before the names of all. */
export function unwrapNames<Value>(tensors: ReadonlyMap<string, Value>): UnwrappedNames<Value> {
  const names = [...tensors.keys()];
  const [first = ''] = names;
  let wrapper = '';
  for (;;) {
    const longer = wrapper + (WRAPPER.exec(first.slice(wrapper.length))?.[0] ?? '');
    if (longer === wrapper || !names.every((name) => name.startsWith(longer))) break;
    wrapper = longer;
  }
  if (wrapper === '') return { tensors, wrapper };
  return { tensors: new Map([...tensors].map(([name, value]) => [name.slice(wrapper.length), value])), wrapper };
}

/** What is told of it, in a line; none where names are as they stand. */
export function wrapperNotes(path: string, wrapper = ''): string[] {
  return wrapper === '' ? [] : [`from ${path}: names are taken without the "${wrapper}" before all of them`];
}
