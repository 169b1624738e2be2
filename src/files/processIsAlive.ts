import { systemCode } from './systemReason.ts';

/** Whether a process of this host lives, be it another user's. */
export function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks without sending
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
