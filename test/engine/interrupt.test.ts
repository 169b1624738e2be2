import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Interrupt } from '../../src/engine/interrupt.ts';

class PlayedProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function played(): { host: PlayedProcess; clock: { ms: number }; interrupt: Interrupt; requests: string[] } {
  const host = new PlayedProcess();
  const clock = { ms: 1000 };
  const requests: string[] = [];
  const interrupt = new Interrupt({ host, now: () => clock.ms, onRequest: (signal) => requests.push(signal) });
  return { host, clock, interrupt, requests };
}

describe('Interrupt', () => {
  it('asks at the first signal and exits at the second', () => {
    const { host, clock, interrupt, requests } = played();
    expect([interrupt.isRequested, interrupt.exitCode]).toEqual([false, 0]);
    host.emit('SIGINT', 'SIGINT');
    expect([interrupt.isRequested, interrupt.exitCode]).toEqual([true, 130]);
    expect(host.exits).toEqual([]);
    clock.ms += 1000;
    host.emit('SIGINT', 'SIGINT');
    expect(host.exits).toEqual([130]);
    expect(requests).toEqual(['SIGINT']);
  });

  it('takes the echo of a wrapper such as npx for the same press', () => {
    const { host, clock, requests } = played();
    host.emit('SIGINT', 'SIGINT');
    clock.ms += 499;
    host.emit('SIGINT', 'SIGINT');
    expect(host.exits).toEqual([]);
    expect(requests).toEqual(['SIGINT']);
    clock.ms += 1;
    host.emit('SIGINT', 'SIGINT');
    expect(host.exits).toEqual([130]);
  });

  it.each([['SIGTERM', 143], ['SIGHUP', 129]])('treats %s alike, with its own exit code', (signal, code) => {
    const { host, interrupt, requests } = played();
    host.emit(signal, signal);
    expect([interrupt.isRequested, interrupt.exitCode, requests, host.exits]).toEqual([true, code, [signal], []]);
  });

  it('stops listening', () => {
    const { host, interrupt } = played();
    interrupt.dispose();
    expect(host.eventNames()).toEqual([]);
  });
});

describe('a process that is interrupted', () => {
  const source = pathToFileURL('src/engine/interrupt.ts').href;
  const script = `
    import { createJiti } from 'jiti';
    const { Interrupt } = await createJiti(import.meta.url).import(${JSON.stringify(source)});
    const interrupt = new Interrupt({ onRequest: () => console.log('requested') });
    console.log('ready');
    const stubborn = process.argv[1] === 'stubborn';
    while (stubborn || !interrupt.isRequested) await new Promise((resolve) => setTimeout(resolve, 5));
    interrupt.dispose();
    console.log('saved');
    process.exitCode = interrupt.exitCode;`;

  interface Started {
    readonly seen: (text: string) => Promise<void>;
    readonly output: () => string;
    readonly child: ChildProcess;
    readonly exitCode: Promise<number | null>;
  }

  async function start(mode: string): Promise<Started> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const seen = async (text: string): Promise<void> => {
      while (!output.includes(text)) await once(child.stdout, 'data');
    };
    const exitCode = new Promise<number | null>((resolve) => child.on('close', resolve));
    await seen('ready');
    return { child, seen, output: () => output, exitCode };
  }

  it('finishes its step, saves, and exits with 130', async () => {
    const { child, output, exitCode } = await start('willing');
    child.kill('SIGINT');
    expect(await exitCode).toBe(130);
    expect(output()).toBe('ready\nrequested\nsaved\n');
  });

  it('exits at once when it is pressed again', async () => {
    const { child, seen, output, exitCode } = await start('stubborn');
    child.kill('SIGINT');
    await seen('requested');
    // Until it is gone, since presses close to the first count as the same.
    const again = setInterval(() => child.kill('SIGINT'), 100);
    expect(await exitCode).toBe(130);
    clearInterval(again);
    expect(output()).toBe('ready\nrequested\n');
  });
});
