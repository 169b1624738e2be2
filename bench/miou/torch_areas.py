"""Areas of classes as mmsegmentation 1.2.2's IoUMetric counts them, in PyTorch: torch_areas.py maps.bin classes pixels rounds

maps.bin holds pairs of maps, prediction then truth, one byte per pixel. Prints one line of JSON.
"""

import json
import sys
import time

import torch

path, classes, pixels, rounds = sys.argv[1], *map(int, sys.argv[2:5])
torch.set_num_threads(1)
with open(path, 'rb') as maps:
    pairs = torch.frombuffer(bytearray(maps.read()), dtype=torch.uint8).reshape(-1, 2, pixels)  # set-up's torch has no NumPy


def count(values):
    return torch.histc(values.float(), bins=classes, min=0, max=classes - 1)


def areas():
    intersect, predicted, labelled = 0, 0, 0
    for prediction, truth in pairs:
        kept = truth != 255
        prediction, truth = prediction[kept], truth[kept]
        # histc takes no bytes on the CPU, so mmsegmentation converts each.
        intersect = intersect + count(prediction[prediction == truth]).double()
        predicted = predicted + count(prediction).double()
        labelled = labelled + count(truth).double()
    return intersect, predicted + labelled - intersect


areas()
seconds = []
for _ in range(rounds):
    start = time.perf_counter()
    intersect, union = areas()
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "intersect": intersect.tolist(), "union": union.tolist()}))
