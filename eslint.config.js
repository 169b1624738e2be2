// Lint rules: what the compiler cannot see (lost promises, casts through unknown, imports that climb the layers) and one
// way to lay out text, so that differences show changes only. `npx eslint --fix <files>` settles the layout.

import path from 'node:path';
import stylistic from '@stylistic/eslint-plugin';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { cyclesRule } from './scripts/lint/cycles.mjs';
import { layersRule } from './scripts/lint/layers.mjs';

const typescript = ['**/*.ts'];
/** AssemblyScript: TypeScript's syntax, other types. Its own compiler checks them. */
const assembly = ['src/**/assembly/*.ts'];

/** @type {import('eslint').Linter.RulesRecord} */
const layout = {
  '@stylistic/arrow-parens': ['error', 'always'],
  '@stylistic/comma-dangle': ['error', 'always-multiline'],
  '@stylistic/comma-spacing': 'error',
  '@stylistic/eol-last': 'error',
  '@stylistic/keyword-spacing': 'error',
  '@stylistic/max-len': ['error', { code: 130, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
  '@stylistic/no-multiple-empty-lines': ['error', { max: 1, maxBOF: 0, maxEOF: 0 }],
  '@stylistic/no-tabs': 'error',
  '@stylistic/no-trailing-spaces': 'error',
  '@stylistic/object-curly-spacing': ['error', 'always'],
  '@stylistic/quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: 'always' }],
  '@stylistic/semi': ['error', 'always'],
  '@stylistic/space-before-blocks': 'error',
  '@stylistic/space-infix-ops': 'error',
};

/** @type {import('eslint').Linter.RulesRecord} */
const everywhere = {
  eqeqeq: 'error',
  'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
  'no-restricted-imports': ['error', {
    paths: ['assert', 'buffer', 'child_process', 'crypto', 'events', 'fs', 'fs/promises', 'module', 'os', 'path', 'perf_hooks', 'process',
      'stream', 'timers', 'url', 'util', 'worker_threads', 'zlib'].map((name) => ({ name, message: `write 'node:${name}'` })),
  }],
};

const noCastThroughUnknown = {
  selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
  message: 'a cast through unknown belongs to the boundary, src/backends/torch/binding.ts, alone',
};
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'export by name: the file is called what it exports' };

export default defineConfig(
  { ignores: ['dist/', 'build/', 'runs/', 'coverage/', '.venv/', 'node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' }, plugins: { '@stylistic': stylistic }, rules: { ...layout, ...everywhere } },
  { files: assembly, extends: [tseslint.configs.base], rules: { '@stylistic/space-infix-ops': 'off' } },
  {
    files: typescript,
    ignores: assembly,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Numbers, booleans and undefined read well in messages; objects still have to be formatted on purpose.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true, allowNullish: true, allowArray: true }],
      // Numeric loops assert `array[i]!` inside bounds that they have just checked.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      // A method that an interface declares as returning a promise may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { mpvg: { rules: { layers: layersRule(path.join(import.meta.dirname, 'src')), cycles: cyclesRule() } } },
    rules: { 'mpvg/layers': 'error', 'mpvg/cycles': 'error', 'no-restricted-syntax': ['error', noCastThroughUnknown, noDefaultExport] },
  },
  { files: ['src/backends/torch/binding.ts'], rules: { 'no-restricted-syntax': ['error', noDefaultExport] } },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-syntax': ['error', noCastThroughUnknown] } },
);
