import { describeReducedLayer } from './reducedLayer.ts';

describeReducedLayer('instructions');
