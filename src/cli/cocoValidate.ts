// `mpvg coco validate`.

import { CocoDataset } from '../data/coco/cocoDataset.ts';
import { findingText, type CocoFinding } from '../data/coco/cocoFindings.ts';
import { DataError } from '../errors.ts';
import { CountProgress } from './countProgress.ts';
import { reading } from './readingProgress.ts';

export interface CocoValidateFlags {
  readonly results?: string;
  /** How many ids are named for each kind of fault. */
  readonly examples: number;
  readonly json?: true;
}

/** What --json prints of a file. */
export interface ValidationReport {
  readonly file: string;
  readonly annotations: number;
  /** `ids` and `rows` hold the first `--examples`; an id that is missing is null. */
  readonly findings: readonly (Omit<CocoFinding, 'message'> & { readonly count: number; readonly message: string })[];
}

/** @returns the exit code: 2 when something is fatal */
export async function printFindings(file: string, { results, examples, json }: CocoValidateFlags): Promise<number> {
  const truth = await reading(file, (onProgress) => CocoDataset.open(file, onProgress));
  if (truth.annotations.count > 0 && 'segments_info' in truth.annotations.record(0)) {
    throw new DataError(`coco validate: expected a file of instances or keypoints, got ${file}, which is panoptic: those are not checked`);
  }
  const reports = [reportOf(truth, examples)];
  if (results !== undefined) {
    reports.push(reportOf(await reading(results, (onProgress) => truth.loadRes(results, onProgress)), examples));
  }
  if (json) console.log(JSON.stringify(reports, null, 2));
  else for (const report of reports) console.log(reportText(report));
  return reports.some(({ findings }) => findings.some(({ severity }) => severity === 'fatal')) ? 2 : 0;
}

function reportOf(dataset: CocoDataset, examples: number): ValidationReport {
  const { name: file, annotations: { count: annotations } } = dataset;
  const progress = new CountProgress({ unit: `annotations of ${file}`, total: annotations });
  const findings = dataset.validate((done) => progress.update(done)).map((finding) => ({
    ...finding,
    count: finding.rows.length,
    ids: finding.ids.slice(0, examples),
    rows: finding.rows.slice(0, examples),
    message: findingText(finding, examples),
  }));
  progress.finish();
  return { file, annotations, findings };
}

function reportText({ file, annotations, findings }: ValidationReport): string {
  const kinds = findings.length === 0 ? 'nothing wrong' : findings.length === 1 ? '1 kind of fault' : `${findings.length} kinds of faults`;
  return [`${file}: ${annotations.toLocaleString('en')} annotations, ${kinds}`, ...findings.map(({ message }) => `  ${message}`)].join('\n');
}
