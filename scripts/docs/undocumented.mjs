// What of a package's declarations has no docstring. typedoc has such a check too; ours leaves out what explains itself.

import { ReflectionKind } from 'typedoc';

/** @typedef {import('typedoc').DeclarationReflection} DeclarationReflection */

const described = (ReflectionKind.SomeExport | ReflectionKind.ClassMember) &
  ~(ReflectionKind.Constructor | ReflectionKind.Namespace);

/**
 * Whether a declaration is a field within a type that is written in place: of a constant's value, a result, another field. The
 * docstring of what it belongs to speaks of it. (Fields of an alias count as the alias's own members.)
 * @param {DeclarationReflection} declaration
 */
function isInPlace({ parent }) {
  return parent !== undefined && parent.kindOf(ReflectionKind.TypeLiteral) && !parent.parent?.kindOf(ReflectionKind.TypeAlias);
}

/** @param {DeclarationReflection} declaration */
function isDescribed(declaration) {
  const { signatures = [], getSignature, setSignature, type } = declaration;
  const ofFunction = type?.type === 'reflection' ? type.declaration.signatures ?? [] : [];
  return [declaration, ...signatures, ...ofFunction, getSignature, setSignature].some((part) => part?.hasComment());
}

/**
 * Exported declarations and public members without a docstring, but those that can have one value only (`kind: 'adamw'`).
 * @param {import('typedoc').ProjectReflection} project
 * @returns {string[]} a line each, with file and line number
 */
export function undocumented(project) {
  const lines = Object.values(project.reflections).flatMap((declaration) => {
    if (!declaration.isDeclaration() || !declaration.kindOf(described) || declaration.isReference()) return [];
    if (declaration.type?.type === 'literal' || isInPlace(declaration) || isDescribed(declaration)) return [];
    const [source] = declaration.sources ?? [];
    return [`${source?.fullFileName}:${source?.line}: ${declaration.getFullName()} has no docstring`];
  });
  return [...new Set(lines)];
}
