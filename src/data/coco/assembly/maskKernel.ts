// What JavaScript calls. See maskKernel.ts.

export { addEnds, addPolygons, area, clear, iou } from './masks';
export { changes, drawPolygons, reserveNumbers, reservePolygons } from './polygons';
export { ends, faultAt, faultKind, faultRun, faultValue, reserveEnds, used } from './runs';
export { addText, decodeString, reserveText } from './segmentations';
