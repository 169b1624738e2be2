import { describe, expect, it } from 'vitest';
import { shellCommand } from '../../src/cli/shellCommand.ts';

const nothing = { flags: [], options: [] };

describe('shellCommand', () => {
  it('replaces options, in either spelling', () => {
    const args = ['pretrain', 'a.ts', '--join', 'mpvg', '--out=runs/a', '--resume', '--set', 'optimizer.lr=1e-3'];
    expect(shellCommand(args, { without: { flags: ['--resume'], options: ['--join', '--out'] }, and: ['--join', 'default'] }))
      .toBe('npx mpvg pretrain a.ts --set optimizer.lr=1e-3 --join default');
  });

  it('quotes what a shell would read otherwise', () => {
    expect(shellCommand(['my config.ts', "it's", '$HOME', '', 'a;b'], { without: nothing, and: [] }))
      .toBe("npx mpvg 'my config.ts' 'it'\\''s' '$HOME' '' 'a;b'");
  });
});
