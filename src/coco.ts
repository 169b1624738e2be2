/**
 * The entry `mpvg/coco`: reading and evaluating COCO files, scores of semantic segmentation, and nothing else. It loads
 * neither libtorch nor tfjs nor Node's modules, and so works in a browser's bundle; what needs Node (paths, overlay
 * pictures) loads it when called.
 *
 * @module
 */

export { CocoDataset } from './data/coco/cocoDataset.ts';
export type { AnnotationFilter, CategoryFilter, CocoParts, Ids, ImageFilter } from './data/coco/cocoDataset.ts';
export type { AnnotationTable } from './data/coco/annotationTable.ts';
export type { ImageTable } from './data/coco/imageTable.ts';
export type { CocoAnnotation, CocoCategory, CocoFile, CocoImage, CocoRle, Segmentation } from './data/coco/records.ts';
export type { ReadProgress } from './data/coco/readCocoFile.ts';
export { SegmentationView } from './data/coco/segmentationView.ts';
export { FINDING_RULES } from './data/coco/cocoFindings.ts';
export type { CocoFinding, FindingKind, Severity } from './data/coco/cocoFindings.ts';

export { PanopticDataset } from './data/coco/panopticDataset.ts';
export type { PanopticAnnotation, PanopticSegment } from './data/coco/panopticDataset.ts';
export { panopticColour, panopticIds, readPanopticMap } from './data/coco/panopticMap.ts';

export { cocoStats } from './data/coco/cocoStats.ts';
export type { CocoCounts, CocoStats } from './data/coco/cocoStats.ts';
export type { HistogramBin, Spread } from './data/coco/spread.ts';

export { rleArea, rleBox, rleFromCounts } from './data/coco/rle.ts';
export type { Rle } from './data/coco/rle.ts';
export { boxIou, rleIou } from './data/coco/rleIou.ts';
export { decodeMask, encodeMask } from './data/coco/rleMask.ts';
export { mergeRles } from './data/coco/rleMerge.ts';
export { formatRle, parseRle } from './data/coco/rleString.ts';
export { rleFromBox, rleFromPolygon, rleFromPolygons } from './data/coco/polygonRle.ts';

export { CocoEval } from './evaluation/coco/cocoEval.ts';
export type { CocoOptions, CocoParameters, IouType } from './evaluation/coco/cocoParameters.ts';
export type { CocoCurves } from './evaluation/coco/accumulate.ts';
export type { CellMatches } from './evaluation/coco/cellMatches.ts';
export type { CocoSummary } from './evaluation/coco/summary.ts';
export { classTable } from './evaluation/coco/classTable.ts';
export type { ClassRow } from './evaluation/coco/classTable.ts';
export { areaTable } from './evaluation/coco/areaTable.ts';
export type { AreaRow } from './evaluation/coco/areaTable.ts';
export { confusionMatrix } from './evaluation/coco/confusionMatrix.ts';
export type { ConfusionMatrix, ConfusionOptions } from './evaluation/coco/confusionMatrix.ts';
export { recallCurves, scoreCurves } from './evaluation/coco/precisionCurves.ts';
export type { CurveOptions, RecallCurve, ScoreCurve } from './evaluation/coco/precisionCurves.ts';
export { tide } from './evaluation/coco/tide.ts';
export type { TideErrorType } from './evaluation/coco/tideErrors.ts';
export type { TideError, TideOptions, TideResult } from './evaluation/coco/tide.ts';

export { MeanIou } from './evaluation/meanIou.ts';
export type { LabelValues, MapSource, MeanIouOptions, MeanIouResult } from './evaluation/meanIou.ts';
export type { LabelCoding } from './evaluation/labelCoding.ts';
export type { ClassAreas, ClassScoreOptions, ClassScores } from './evaluation/classScores.ts';

export { ConfigError, DataError, ShapeError, UserError } from './errors.ts';
