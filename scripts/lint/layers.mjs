// The layer rule: a folder of src/ may import from its own row and from the rows below it, never from above. It also keeps
// backends out of model code and tensors out of the data parsers. docs/architecture.md draws the same list.

import path from 'node:path';

/** Top to bottom. Folders of one row may import each other; `heads` to `backbones` are a chain, so each has its own row. */
const rows = [
  ['cli'],
  ['config'],
  ['recipes'],
  ['report', 'analysis'],
  ['engine', 'parity'],
  ['tasks'],
  ['heads'],
  ['adapter'],
  ['backbones'],
  ['data', 'evaluation', 'checkpoint'],
  ['nn'],
  ['ops'],
  ['backends'],
  ['random', 'schema', 'files'],
];

/** What people import: these may take from anywhere, and nothing in src takes from them. */
const entries = ['index.ts', 'models.ts', 'ops.ts', 'data.ts', 'train.ts', 'coco.ts', 'cocoNode.ts'];

/** What must not be imported even though it lies below. */
const barred = [
  { from: ['tasks', 'heads', 'adapter', 'backbones', 'nn'], to: ['backends'], why: 'model code never names a backend: call src/ops' },
  { from: ['data', 'evaluation', 'checkpoint'], to: ['nn', 'ops'], why: 'data and evaluation hold typed arrays, not tensors' },
];

/** Folders in a layer that take from the rest of it, which does not take from them. */
const rooms = [
  { folder: 'data/segmentation', why: 'loaders know no kind of sample: give them one (src/data/sampleKind.ts)' },
];

const rowOf = new Map(rows.flatMap((folders, row) => folders.map((folder) => /** @type {const} */ ([folder, row]))));

/**
 * The reason why a file of `src/<from>` may not import one of `src/<to>`, or undefined when it may: 'data', 'data/segmentation'.
 * Folder '' stands for files directly in src/: errors.ts, which everybody imports, and the entries, which nobody does.
 * @param {string} from
 * @param {string} to
 * @returns {string | undefined}
 */
export function violation(from, to) {
  const [fromLayer = '', toLayer = ''] = [from, to].map((folder) => folder.split('/')[0]);
  const fromRow = rowOf.get(fromLayer);
  const toRow = rowOf.get(toLayer);
  if (fromRow === undefined) return `src/${fromLayer} is in no layer: add it to scripts/lint/layers.mjs`;
  if (toRow === undefined) return `src/${toLayer} is in no layer: add it to scripts/lint/layers.mjs`;
  if (toRow < fromRow) return `src/${fromLayer} lies below src/${toLayer}: arrows point down only`;
  const bar = barred.find((bar) => bar.from.includes(fromLayer) && bar.to.includes(toLayer));
  const room = fromLayer === toLayer ? rooms.find(({ folder }) => isIn(to, folder) && !isIn(from, folder)) : undefined;
  return (bar ?? room)?.why;
}

/** @param {string} place @param {string} folder */
function isIn(place, folder) {
  return `${place}/`.startsWith(`${folder}/`);
}

/**
 * The ESLint rule. `root` is the absolute path of src/.
 * @param {string} root
 * @returns {import('eslint').Rule.RuleModule}
 */
export function layersRule(root) {
  /** @param {string} file */
  const place = (file) => {
    const relative = path.relative(root, file).split(path.sep);
    if (relative[0] === '..') return undefined;
    return relative.length > 1 ? { folder: relative.slice(0, -1).join('/'), file: '' } : { folder: '', file: relative[0] ?? '' };
  };

  return {
    meta: { type: 'problem', schema: [], docs: { description: 'imports point down the layers' } },
    create(context) {
      const here = place(context.filename);
      if (here === undefined || entries.includes(here.file)) return {};

      const layer = here.folder.split('/')[0] ?? '';
      /** @param {any} node */
      const check = (node) => {
        const specifier = node.source?.value;
        if (typeof specifier !== 'string') return;
        if (specifier.startsWith('@tensorflow/') && ['data', 'evaluation', 'report'].includes(layer)) {
          context.report({ node, message: `src/${layer} holds typed arrays, not tensors` });
        }
        if (specifier === 'mpvg') context.report({ node, message: 'the package does not import its own entry' });
        if (!specifier.startsWith('.')) return;
        const target = place(path.resolve(path.dirname(context.filename), specifier));
        if (target === undefined || target.file === 'errors.ts') return;
        if (entries.includes(target.file)) {
          context.report({ node, message: `src/${target.file} is a package entry: import the file that defines it` });
          return;
        }
        const reason = here.folder === '' ? 'src/errors.ts imports nothing' : violation(here.folder, target.folder);
        if (reason !== undefined) context.report({ node, message: reason });
      };
      return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check };
    },
  };
}
