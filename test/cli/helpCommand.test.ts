import { expect, it, vi } from 'vitest';
import { captureCli } from './captureCli.ts';

const cli = captureCli();

/** What goes to standard output by commander, not by console.log. */
async function help(...names: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const code = await cli.run('help', ...names);
  return { code, text: write.mock.calls.map(([text]) => String(text)).join('') };
}

it.each([
  [[], /^Usage: mpvg \[options\] \[command\]\n/],
  [['coco'], /^Usage: mpvg coco \[options\] \[command\]\n/],
  [['coco', 'stats'], /^Usage: mpvg coco stats \[options\] <file>\n/],
  [['params', 'my_config.ts'], /^Usage: mpvg params \[options\] <config>\n/],
])('shows the help of %j', async (names, text) => {
  const shown = await help(...names);
  expect(shown.code).toBe(0);
  expect(shown.text).toMatch(text);
});

it.each([
  [['nix'], "error: unknown command 'nix'\n"],
  [['pretrian'], "error: unknown command 'pretrian'\n(Did you mean pretrain?)\n"],
  [['coco', 'stat'], "error: unknown command 'stat'\n(Did you mean stats?)\n"],
])('names the command of %j that there is not', async (names, message) => {
  const shown = await help(...names);
  expect([shown.code, shown.text]).toEqual([2, '']);
  expect(cli.stderr).toContain(message);
  expect(cli.stderr).not.toContain('Usage:');
});

it('says the same below a command', async () => {
  expect(await cli.run('coco', 'help', 'valdate')).toBe(2);
  expect(cli.stderr).toContain("error: unknown command 'valdate'\n(Did you mean validate?)\n");
});
