// A Python with the COCO tools that ours is measured against and compared with: a virtual environment of its own in build/.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ConfigError } from '../../errors.ts';

/** What is installed; the versions that the results were compared with. */
const cocoPackages = [
  'pycocotools==2.0.11', 'numpy==2.4.6', 'faster-coco-eval==1.8.0', 'hotcoco==1.3.0', 'ultrafast-pycocotools==0.1.14', 'vernier==0.5.4',
] as const;

const environment = fileURLToPath(new URL('../../../build/coco-venv', import.meta.url));
const run = promisify(execFile);

/**
 * The Python that has the packages: `MPVG_COCO_PYTHON` where that is set, else build/coco-venv, made where there is none.
 * @throws ConfigError where it cannot be made, or lacks a package
 */
export async function cocoPython(): Promise<string> {
  const given = process.env['MPVG_COCO_PYTHON'];
  const python = given ?? `${environment}/bin/python`;
  try {
    if (given === undefined && !existsSync(python)) await run('python3', ['-m', 'venv', environment]);
    if (await lacksPackages(python)) {
      if (given !== undefined) throw new Error(`it lacks one of ${cocoPackages.join(', ')}`);
      await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...cocoPackages]);
    }
    return python;
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).trim().split('\n').at(-1);
    throw new ConfigError(`cocoPython: expected a Python with ${cocoPackages.join(', ')}, got: ${reason}; name one in MPVG_COCO_PYTHON`);
  }
}

async function lacksPackages(python: string): Promise<boolean> {
  const check = 'import sys; from importlib.metadata import version\nsys.exit(any(version(n) != v for n, v in (p.split("==") for p in sys.argv[1:])))';
  return await run(python, ['-c', check, ...cocoPackages]).then(() => false, () => true);
}
