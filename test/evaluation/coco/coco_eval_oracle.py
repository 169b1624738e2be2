"""What pycocotools makes of evaluation problems: coco_eval_oracle.py cases.json answers.json"""

import base64
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def floats(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype=np.float64).tobytes()).decode()


def solve(case):
    truth = COCO()
    truth.dataset = case["truth"]
    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(case["results"]), case["iouType"])
    for name, value in case["params"].items():
        setattr(evaluation.params, name, np.array(value, dtype=float) if name in ("iouThrs", "recThrs") else value)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    photos = []
    for entry in evaluation.evalImgs:
        if entry is None or entry["aRng"] != evaluation.params.areaRng[case["area"]]:
            continue
        ious = evaluation.ious[entry["image_id"], entry["category_id"]]
        photos.append(
            {
                "image": int(entry["image_id"]),
                "category": int(entry["category_id"]),
                "detectionIds": floats(entry["dtIds"]),
                "truthIds": floats(entry["gtIds"]),
                "detectionMatches": floats(entry["dtMatches"]),
                "truthMatches": floats(entry["gtMatches"]),
                "scores": floats(entry["dtScores"]),
                "truthIgnored": floats(entry["gtIgnore"]),
                "detectionIgnored": floats(entry["dtIgnore"]),
                "ious": sorted(np.array(ious, dtype=float).ravel().tolist()),
            }
        )
    result = evaluation.eval
    return {
        "stats": floats(evaluation.stats),
        "precision": floats(result["precision"]),
        "recall": floats(result["recall"]),
        "scores": floats(result["scores"]),
        "photos": photos,
    }


json.dump([solve(case) for case in json.load(open(sys.argv[1]))], open(sys.argv[2], "w"))
