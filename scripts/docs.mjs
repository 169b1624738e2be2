// `npm run docs`: the reference of the package's six entries, HTML in build/api, by typedoc (typedoc.json). With --check, a
// part of `npm test`, nothing is written. Either fails when something that an entry exports has no docstring, when a signature
// names a type that no entry exports, or when a link in a docstring leads nowhere.

import path from 'node:path';
import { Application, TSConfigReader, TypeDocReader } from 'typedoc';
import { undocumented } from './docs/undocumented.mjs';

const root = path.resolve(import.meta.dirname, '..');
const app = await Application.bootstrap({ options: path.join(root, 'typedoc.json') }, [new TypeDocReader(), new TSConfigReader()]);
const project = await app.convert();
if (project !== undefined) {
  app.validate(project);
  for (const line of undocumented(project)) app.logger.warn(line);
  if (!process.argv.includes('--check')) await app.generateDocs(project, path.join(root, 'build', 'api'));
}
process.exitCode = project === undefined || app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0;
