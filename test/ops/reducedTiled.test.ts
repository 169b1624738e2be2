import { describeReducedLayer } from './reducedLayer.ts';

describeReducedLayer('tiled');
