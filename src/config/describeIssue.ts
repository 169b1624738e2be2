// What a failed check says, in one line: `expected <what> for <path>, got <value>`, and what was probably meant.

import type { z } from 'zod';
import { nearest } from './nearest.ts';
import { keysAt, member } from '../schema/schemaAt.ts';

type Issue = z.core.$ZodIssue;

/** The thing that is wrong with `value`, or one of them. */
export function describeError(error: z.core.$ZodError, schema: z.core.$ZodType, value: unknown): string {
  const issue = mostTelling(error.issues);
  return issue === undefined ? error.message : describe(issue, schema, value);
}

/** A misspelt key shows as two issues: the unknown key explains the missing one. */
function mostTelling(issues: readonly Issue[]): Issue | undefined {
  return issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
}

function describe(issue: Issue, schema: z.core.$ZodType, value: unknown): string {
  const place = formatPath(issue.path);
  const found = issue.path.reduce(member, value);

  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = keysAt(schema, value, issue.path);
    const meant = nearest(key, known);
    const where = place === '' ? 'the config' : place;
    return `expected one of the keys ${known.join(', ')} in ${where}, got ${key}` + (meant === undefined ? '' : `: did you mean ${meant}?`);
  }
  const parameter = place === '' ? 'the config' : place;
  if (issue.code === 'invalid_union') {
    const inner = closestBranch(issue, found);
    if (inner !== undefined) return describe({ ...inner, path: [...issue.path, ...inner.path] }, schema, value);
  }
  const { what, choices } = expectation(issue);
  const meant = typeof found === 'string' ? nearest(found, choices) : undefined;
  return `expected ${what} for ${parameter}, got ${formatValue(found)}` + (meant === undefined ? '' : `: did you mean ${meant}?`);
}

/** What is wrong inside an object that stands where a name or an object may; undefined when it is neither. */
function closestBranch(issue: z.core.$ZodIssueInvalidUnion, found: unknown): Issue | undefined {
  if (typeof found !== 'object' || found === null) return undefined;
  const inside = issue.errors.map(mostTelling).filter((first) => first !== undefined);
  return inside.find(({ path, code }) => path.length > 0 || code === 'unrecognized_keys');
}

function expectation(issue: Issue): { what: string; choices: string[] } {
  switch (issue.code) {
    case 'invalid_value': {
      const choices = issue.values.map(String);
      return { what: choices.length === 1 ? choices[0]! : `one of ${choices.join(', ')}`, choices };
    }
    case 'invalid_type':
      return { what: typeNames[issue.expected] ?? issue.expected, choices: [] };
    case 'too_small':
      return { what: bound(issue.origin, 'at least', issue.inclusive === false ? 'above' : 'at least', issue.minimum), choices: [] };
    case 'too_big':
      return { what: bound(issue.origin, 'at most', issue.inclusive === false ? 'below' : 'at most', issue.maximum), choices: [] };
    case 'invalid_union': {
      const branches = issue.errors.map((branch) => branch[0]).filter((branch) => branch !== undefined).map(expectation);
      const fixed = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
      if (fixed.length > 0) return { what: `one of ${fixed.join(', ')}`, choices: fixed };
      return { what: branches.map(({ what }) => what).join(' or '), choices: branches.flatMap(({ choices }) => choices) };
    }
    case 'custom':
      return { what: String(issue.params?.['expected'] ?? issue.message), choices: [] };
    default:
      return { what: issue.message, choices: [] };
  }
}

const typeNames: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  tuple: 'a list',
};

function bound(origin: string, sizeWord: string, numberWord: string, limit: number | bigint): string {
  if (origin === 'string') return limit === 1 ? 'a text that is not empty' : `a text of ${sizeWord} ${limit} characters`;
  if (origin === 'array' || origin === 'tuple') return `a list of ${sizeWord} ${limit}`;
  return `${origin === 'int' ? 'a whole number' : 'a number'} ${numberWord === 'at least' || numberWord === 'at most' ? `of ${numberWord}` : numberWord} ${limit}`;
}

function formatValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`)).join('');
}
