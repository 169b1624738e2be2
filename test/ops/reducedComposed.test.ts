import { describeReducedLayer } from './reducedLayer.ts';

describeReducedLayer('composed');
