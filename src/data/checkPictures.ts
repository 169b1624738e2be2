// Looks at every picture of a classification data set before a training run starts.

import type { ClassificationDataset } from './dataset.ts';
import { FileCheck, type CheckOptions, type CheckReport, type DataFault } from './files/fileCheck.ts';
import { lookAtPhoto } from './lookAtPhoto.ts';

/** Finds pictures in files that cannot be decoded. Pixels in memory are sound. */
export async function checkPictures(
  datasets: readonly ClassificationDataset[],
  options: CheckOptions = {},
): Promise<CheckReport> {
  const files = datasets.flatMap((dataset) => Array.from({ length: dataset.size }, (_, index) => dataset.source?.(index))
    .flatMap((source) => (source?.kind === 'file' ? [source.path] : [])));
  const check = await FileCheck.open(files.length, options);
  const lookAt = async (index: number): Promise<DataFault | undefined> => {
    const file = files[index]!;
    const { fault } = await check.factsOf(file, lookAtPhoto);
    return fault === undefined ? undefined : { file, found: fault };
  };
  try {
    const faults = await check.faultsOf(files.length, lookAt);
    return { samples: files.length, decoded: check.decoded, faults };
  } finally {
    await check.close();
  }
}
