// COCO's 133 classes in 12 groups: label images of few photos, in which most of the 133 occur once or never, become learnable.
// The groups are ours; they follow COCO's supercategories.

/** Names, each followed by its colour in overlays, RRGGBB. */
export const COCO12_CLASSES =
  'person dc143c, animal ff8c00, vehicle 1414c8, food e6c800, furniture 8b5a2b, object c814c8, building 787878, wall c8b4a0, ' +
  'ground 824682, plant 328c28, sky 64b4ff, water 1e5aa0';

/** The classes of coco133Classes.ts that make up each group. */
export const COCO12_MEMBERS: Readonly<Record<string, string>> = {
  person: 'person',
  animal: 'bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe',
  vehicle: 'bicycle, car, motorcycle, airplane, bus, train, truck, boat',
  food: 'banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, fruit, food-other-merged',
  furniture: 'bench, chair, couch, bed, dining table, toilet, tv, microwave, oven, toaster, sink, refrigerator, counter, shelf, ' +
    'cabinet-merged, table-merged',
  object: 'traffic light, fire hydrant, stop sign, parking meter, backpack, umbrella, handbag, tie, suitcase, frisbee, skis, ' +
    'snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup, ' +
    'fork, knife, spoon, bowl, laptop, mouse, remote, keyboard, cell phone, book, clock, vase, scissors, teddy bear, hair drier, ' +
    'toothbrush, banner, blanket, cardboard, light, net, pillow, towel, paper-merged',
  building: 'bridge, house, roof, tent, fence-merged, building-other-merged',
  wall: 'curtain, door-stuff, mirror-stuff, wall-brick, wall-stone, wall-tile, wall-wood, window-blind, window-other, ' +
    'ceiling-merged, wall-other-merged',
  ground: 'floor-wood, gravel, platform, playingfield, railroad, road, sand, snow, stairs, floor-other-merged, pavement-merged, ' +
    'mountain-merged, dirt-merged, rock-merged, rug-merged',
  plant: 'potted plant, flower, tree-merged, grass-merged',
  sky: 'sky-other-merged',
  water: 'river, sea, water-other',
};
