// Where a source file can be changed, and the file with all its changes in it, each switched on by `$mutant(number)`.
//
// The changes: signs and other operators, bounds (< and <=), conditions (negated, && and ||), constants (n + 1, 1 and 0, true and
// false), dropped calls (a statement; a call that returns the type of its first argument or of the object it is called on).
// Left alone: types, imports, what is thrown, calls of a function named `fail`, and what is written to the console.

import ts from 'typescript';

/**
 * @typedef {object} Mutant
 * @property {string} file path from the project's root
 * @property {number} line
 * @property {string} change the line with the change in it, `a «< → <=» b`: what tells mutants of a file apart
 */

const K = ts.SyntaxKind;

/** @type {ReadonlyMap<ts.SyntaxKind, string>} for numbers alone */
const arithmetic = new Map([
  [K.PlusToken, '-'], [K.MinusToken, '+'], [K.AsteriskToken, '/'], [K.SlashToken, '*'], [K.PercentToken, '*'], [K.AsteriskAsteriskToken, '*'],
  [K.LessThanLessThanToken, '>>'], [K.GreaterThanGreaterThanToken, '<<'], [K.GreaterThanGreaterThanGreaterThanToken, '<<'],
  [K.AmpersandToken, '|'], [K.BarToken, '&'], [K.CaretToken, '&'],
  [K.PlusEqualsToken, '-='], [K.MinusEqualsToken, '+='], [K.AsteriskEqualsToken, '/='], [K.SlashEqualsToken, '*='],
]);

/** @type {ReadonlyMap<ts.SyntaxKind, string>} */
const logical = new Map([
  [K.LessThanToken, '<='], [K.LessThanEqualsToken, '<'], [K.GreaterThanToken, '>='], [K.GreaterThanEqualsToken, '>'],
  [K.EqualsEqualsEqualsToken, '!=='], [K.ExclamationEqualsEqualsToken, '==='],
  [K.AmpersandAmpersandToken, '||'], [K.BarBarToken, '&&'],
]);

const equalities = [K.EqualsEqualsEqualsToken, K.ExclamationEqualsEqualsToken];

/**
 * The type-checked program of the project's TypeScript files.
 * @param {string} root
 */
export function projectProgram(root) {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent({ ...config, include: ['src'] }, ts.sys, root);
  return ts.createProgram(fileNames, options);
}

/**
 * @param {ts.Program} program
 * @param {string} fileName absolute
 * @param {string} name how mutants call the file
 * @param {number} first number of the file's first mutant
 * @returns {{ mutants: Mutant[], code: string }}
 */
export function mutate(program, fileName, name, first) {
  const source = program.getSourceFile(fileName);
  if (source === undefined) throw new Error(`mutate: expected a file of the program for fileName, got ${fileName}`);
  const checker = program.getTypeChecker();
  const text = source.text;
  /** @type {Mutant[]} */
  const mutants = [];

  /** @param {ts.Node} node */
  const isNumber = (node) => (checker.getTypeAtLocation(node).flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike)) !== 0;
  /** @param {ts.Node} node */
  const typeName = (node) => checker.typeToString(checker.getBaseTypeOfLiteralType(checker.getTypeAtLocation(node)));
  /** @param {ts.Node} node */
  const raw = (node) => text.slice(node.getStart(source), node.end);

  /**
   * @param {ts.Node} node
   * @returns {{ at: ts.Node, after: string, code: string }[]} what differs, what stands there, and the code for all of `node`
   */
  const changes = (node) => {
    /** @type {{ at: ts.Node, after: string, code: string }[]} */
    const found = [];
    /** @type {(at: ts.Node, after: string) => void} */
    const change = (at, after) => {
      const code = text.slice(node.getStart(source), at.getStart(source)) + after + text.slice(at.end, node.end);
      found.push({ at, after, code });
    };
    if (ts.isBinaryExpression(node)) {
      const token = node.operatorToken;
      const areNumbers = isNumber(node.left) && isNumber(node.right);
      const other = logical.get(token.kind) ?? (areNumbers ? arithmetic.get(token.kind) : undefined);
      if (token.kind === K.QuestionQuestionToken) found.push({ at: token, after: '&&', code: `(${raw(node.left)}) && (${raw(node.right)})` });
      else if (other !== undefined) change(token, other);
    } else if (ts.isPrefixUnaryExpression(node) && (node.operator === K.MinusToken || node.operator === K.ExclamationToken)) {
      change(node, raw(node.operand));
    } else if (ts.isNumericLiteral(node)) {
      change(node, `${Number(node.text) === 1 ? 0 : Number(node.text) + 1}`);
    } else if (node.kind === K.TrueKeyword || node.kind === K.FalseKeyword) {
      change(node, node.kind === K.TrueKeyword ? 'false' : 'true');
    } else if (ts.isCallExpression(node) && !ts.isOptionalChain(node)) {
      const type = typeName(node);
      const [argument] = node.arguments;
      const callee = node.expression;
      const outer = ts.isAwaitExpression(node.parent) ? node.parent : node;
      const object = ts.isPropertyAccessExpression(callee) ? callee.expression : undefined;
      const hasType = (/** @type {ts.Node | undefined} */ at) =>
        at !== undefined && !ts.isSpreadElement(at) && typeName(at) === type;
      if (ts.isExpressionStatement(outer.parent)) change(node, 'undefined');
      else if (type === 'void') return found;
      else if (argument !== undefined && hasType(argument)) change(node, raw(argument));
      else if (object !== undefined && hasType(object)) change(node, raw(object));
    }
    const { parent } = node;
    const isStatement = ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent);
    const decides = isStatement ? parent.expression === node : ts.isConditionalExpression(parent) && parent.condition === node;
    const isEquality = ts.isBinaryExpression(node) && equalities.includes(node.operatorToken.kind);
    if (decides && !isEquality && !ts.isPrefixUnaryExpression(node)) change(node, `!(${raw(node)})`);
    return found;
  };

  /** @type {(at: ts.Node, after: string) => void} */
  const add = (at, after) => {
    const start = at.getStart(source);
    const { line } = source.getLineAndCharacterOfPosition(start);
    const [from = 0, to = text.length] = [source.getLineStarts()[line], source.getLineStarts()[line + 1]];
    const short = (/** @type {string} */ code) => code.replace(/\s+/g, ' ');
    const [left, right] = [text.slice(from, start).trimStart(), text.slice(at.end, Math.max(to, at.end)).trimEnd()];
    mutants.push({ file: name, line: line + 1, change: `${left}«${short(raw(at))} → ${short(after)}»${right}` });
  };

  /** @param {ts.Node} node @returns {string} its code with the changes in it */
  const visit = (node) => {
    const start = node.getStart(source);
    if (isLeftAlone(node)) return text.slice(start, node.end);
    const all = (ts.isSourceFile(node) ? [] : changes(node)).map(({ at, after, code }) => {
      add(at, after);
      return `$mutant(${first + mutants.length - 1}) ? (${code}) : `;
    });
    let code = '';
    let at = start;
    ts.forEachChild(node, (child) => {
      const from = child.getStart(source);
      code += text.slice(at, from) + visit(child);
      at = child.end;
    });
    code += text.slice(at, node.end);
    return all.length === 0 ? code : `(${all.join('')}${code})`;
  };
  const code = `const $mutant = globalThis.$mutant; ${visit(source)}\n`;
  return { mutants, code };
}

/** @param {ts.Node} node */
function isLeftAlone(node) {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return true;
  if (ts.isThrowStatement(node)) return true;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isTypeParameterDeclaration(node)) return true;
  if (ts.isNumericLiteral(node) && ts.isPropertyAssignment(node.parent) && node.parent.name === node) return true;
  return ts.isCallExpression(node) && /^(fail|super|console\.\w+)$/.test(node.expression.getText());
}
