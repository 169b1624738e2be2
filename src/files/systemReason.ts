// What the operating system's codes mean, in words that follow a path: '/x: permission denied'. Free of Node's modules, since a
// browser bundle holds what reads COCO files.

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  EDQUOT: 'no space left in the disk quota',
  EFBIG: 'no space left for so large a file',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EEXIST: 'a part of the path is a file, not a directory',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EISDIR: 'it is a directory',
  EIO: 'the device reports an error',
  ELOOP: 'a link that leads back to itself',
  ENAMETOOLONG: 'the name is too long',
};

/** The system's code ('ENOSPC', …) of an error, or of the one that it explains; undefined when it has none. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : systemCode(error.cause);
}

/** Why the system refused, in words; what an error of another kind says. */
export function systemReason(error: unknown): string {
  return reasons[systemCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
}

/** The same where the code is one of the usual; else undefined. */
export function knownReason(error: unknown): string | undefined {
  return reasons[systemCode(error) ?? ''];
}
