"""The other sides of `mpvg bench coco`: one evaluation from two files, in a process of its own.

    python evaluate.py pycocotools|faster-coco-eval|hotcoco|ultrafast-pycocotools|vernier TRUTH RESULTS bbox|segm

Answers with one line of JSON: {"ms": reading the files to the last statistic, "peakBytes": largest resident size, "stats": [12]}.
"""
import contextlib
import io
import json
import resource
import sys
import time

tool, truth, results, iou_type = sys.argv[1:]
if tool == 'pycocotools':
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
elif tool == 'faster-coco-eval':
    from faster_coco_eval import COCO, COCOeval_faster as COCOeval
elif tool == 'hotcoco':
    from hotcoco import COCO, COCOeval
elif tool == 'ultrafast-pycocotools':
    from ultrafast_pycocotools import COCO, COCOeval
elif tool == 'vernier':
    from pycocotools.coco import COCO  # it has no reader of its own: this is its way in for pycocotools' users
    from vernier import COCOeval
else:
    sys.exit(f'evaluate.py: expected pycocotools, faster-coco-eval, hotcoco, ultrafast-pycocotools or vernier, got {tool}')

with contextlib.redirect_stdout(io.StringIO()):
    start = time.perf_counter()
    ground_truth = COCO(truth)
    detections = ground_truth.load_res(results) if tool == 'hotcoco' else ground_truth.loadRes(results)
    if tool == 'vernier':  # it takes no array, which pycocotools' boxes of masks are
        for detection in detections.dataset['annotations']:
            detection['bbox'] = list(detection['bbox'])
    evaluation = COCOeval(ground_truth, detections, iou_type)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    ms = 1000 * (time.perf_counter() - start)

peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({'ms': ms, 'peakBytes': peak, 'stats': [float(value) for value in evaluation.stats][:12]}))
