import { readRunLog } from '../../src/engine/runLog.ts';

/** The lines of a run's log without what differs from run to run. */
export function untimedLog(path: string): object[] {
  return readRunLog(path).map((line) => Object.fromEntries(Object.entries(line).filter(([name]) => name !== 'imagesPerSecond')));
}
