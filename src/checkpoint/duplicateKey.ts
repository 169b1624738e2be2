// JSON.parse keeps the last of two equal keys in silence; a header in which a tensor is described twice is an attack or a
// damaged file.

/**
 * The first key that occurs twice within one object, at any depth, or undefined when there is none.
 * @param json text that JSON.parse accepts
 */
export function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // one per open bracket; undefined for an array
  let position = 0;
  while (position < json.length) {
    const start = position;
    const character = json[position++];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      while (json[position] !== '"') position += json[position] === '\\' ? 2 : 1;
      position += 1;
      const seen = open.at(-1);
      if (seen === undefined || !isFollowedByColon(json, position)) continue;
      const key = String(JSON.parse(json.slice(start, position))); // two spellings of a key are one key
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

function isFollowedByColon(json: string, position: number): boolean {
  while (json[position] === ' ' || json[position] === '\n' || json[position] === '\r' || json[position] === '\t') position++;
  return json[position] === ':';
}
