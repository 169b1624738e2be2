// An XML document as a tree of elements; attributes, comments and instructions are skipped.

import { SaxesParser } from 'saxes';
import { DataError } from '../../../errors.ts';

/** An element. */
export interface XmlElement {
  readonly name: string;
  /** From 1: where its opening tag ends. */
  readonly line: number;
  /** Its own text, trimmed. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  readonly name: string;
  readonly line: number;
  text: string;
  readonly children: OpenElement[];
}

/**
 * Reads a document.
 * @param where what errors call it
 * @returns its root element
 * @throws DataError naming line and column when it is not well formed
 */
export function parseXml(source: string, where: string): XmlElement {
  const parser = new SaxesParser();
  const document: OpenElement = { name: '', line: 1, text: '', children: [] };
  const open = [document];
  const addText = (text: string): void => { open.at(-1)!.text += text; };
  parser.on('error', ({ message }) => {
    throw new DataError(`parseXml: expected XML, got at line ${parser.line}, column ${parser.column} of ${where}: ${message.replace(/^[\d:]+ /, '')}`);
  });
  parser.on('opentag', ({ name }) => {
    const element = { name, line: parser.line, text: '', children: [] };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    const element = open.pop()!;
    element.text = element.text.trim();
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(source).close();
  return document.children[0]!;
}

/** The first child of that name. */
export function childOf({ children }: XmlElement, name: string): XmlElement | undefined {
  return children.find((child) => child.name === name);
}

/** Characters that XML cannot hold, not even written as references. */
const NOT_XML = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Text with the characters that XML reserves written as references. @throws DataError for a character that XML cannot hold */
export function escapeXml(text: string): string {
  if (NOT_XML.test(text)) throw new DataError(`escapeXml: expected text that XML can hold, got ${JSON.stringify(text)}`);
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
