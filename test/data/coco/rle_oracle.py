"""What pycocotools makes of polygons, boxes, pixels and run lengths: rle_oracle.py cases.json answers.json"""

import json
import sys

import numpy as np
from pycocotools import _mask
from pycocotools import mask as masks

cases = json.load(open(sys.argv[1]))


def text(rle):
    return rle["counts"].decode()


def compare(rles, truths, crowd):
    """Everything that can be asked about a list of masks of one size; the last `truths` of them are ground truth."""
    detections = rles[: len(rles) - truths]
    objects = rles[len(rles) - truths :]
    return {
        "strings": [text(r) for r in rles],
        "union": text(masks.merge(rles)),
        "intersection": text(masks.merge(rles, 1)),
        "areas": masks.area(rles).tolist(),
        "boxes": masks.toBbox(rles).tolist(),
        "ious": np.array(masks.iou(detections, objects, crowd)).ravel().tolist(),
    }


def pixels(rle):
    return "".join(map(str, masks.decode(rle).ravel().tolist()))


answers = {
    "polygons": [compare(_mask.frPoly(c["polygons"], c["height"], c["width"]), c["truths"], c["crowd"]) for c in cases["polygons"]],
    "boxes": [text(_mask.frBbox(np.array([c["box"]], dtype=float), c["height"], c["width"])[0]) for c in cases["boxes"]],
    "masks": [
        text(masks.encode(np.asfortranarray(np.array(list(c["pixels"]), dtype=np.uint8).reshape(c["height"], c["width"]))))
        for c in cases["masks"]
    ],
    "runs": [],
}
for c in cases["runs"]:
    rles = [masks.frPyObjects({"size": [c["height"], c["width"]], "counts": runs}, c["height"], c["width"]) for runs in c["runs"]]
    answers["runs"].append({**compare(rles, c["truths"], c["crowd"]), "pixels": [pixels(r) for r in rles]})

json.dump(answers, open(sys.argv[2], "w"))
