"""What tidecv makes of detection problems: tide_oracle.py cases.json answers.json"""

import contextlib
import io
import json
import os
import sys
import tempfile

from tidecv import TIDE, datasets


def solve(case, folder):
    paths = []
    for name in ("truth", "results"):
        paths.append(os.path.join(folder, name + ".json"))
        with open(paths[-1], "w") as file:
            json.dump(case[name], file)
    mode = TIDE.BOX if case["iouType"] == "bbox" else TIDE.MASK
    with contextlib.redirect_stdout(io.StringIO()):
        tide = TIDE(pos_threshold=0.5, background_threshold=0.1, mode=mode)
        try:
            run = tide.evaluate(datasets.COCO(paths[0]), datasets.COCOResult(paths[1]), name="run")
            gains, special, counts = run.fix_main_errors(), run.fix_special_errors(), run.count_errors()
        except ZeroDivisionError:  # no class is left
            return None
    return {
        "ap": run.ap,
        "errors": {kind.short_name: [gain, counts[kind]] for kind, gain in gains.items()},
        "special": {kind.short_name: gain for kind, gain in special.items()},
    }


with open(sys.argv[1]) as cases, open(sys.argv[2], "w") as answers, tempfile.TemporaryDirectory() as folder:
    json.dump([solve(case, folder) for case in json.load(cases)], answers)
