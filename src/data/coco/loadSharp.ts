import type sharp from 'sharp';
import { ConfigError } from '../../errors.ts';

/**
 * The package sharp, when it is needed; its name is no literal here, so that a page's bundle does not look for it.
 * @param where the function to name in the error
 * @throws ConfigError where it cannot be loaded
 */
export async function loadSharp(where: string): Promise<typeof sharp> {
  const name: string = 'sharp';
  try {
    return ((await import(name)) as { default: typeof sharp }).default;
  } catch (error) {
    throw new ConfigError(`${where}: expected the package sharp, which reads and draws pictures in Node, got: ${(error as Error).message}`);
  }
}
