"""The other side of `mpvg bench segmentation`: fine-tuning steps and inference of UperNet on ViT-Adapter-Ti in eager PyTorch.

    python torch_step.py --weights DIR --batch 2 --size 512 --threads 2 --precision fp32

DIR as for bench/engine/torch_step.py. Commands on standard input, an answer of one line of JSON for each:
    step N       N training steps (AdamW, dropout off): {"ms": [...], "loss": last}
    evaluate N   N forward passes of one picture in evaluation: {"ms": [...]}
    peak         {"peakBytes": the process's largest resident size}
"""
import argparse
import json
import math
import pathlib
import sys
import time

import torch

from torch_model import Segmentor


def load(model, directory):
    values = torch.frombuffer(bytearray((directory / 'weights.bin').read_bytes()), dtype=torch.float32)
    state, start = {}, 0
    for entry in json.loads((directory / 'weights.json').read_text()):
        size = math.prod(entry['shape'])
        state[entry['name']] = values[start:start + size].reshape(entry['shape']).clone()
        start += size
    missing, unexpected = model.load_state_dict(state, strict=False)
    lacking = [name for name in missing if not name.endswith('num_batches_tracked')]
    if lacking or unexpected:
        sys.exit(f'weights do not fit: lacking {lacking[:3]}, unexpected {unexpected[:3]}')


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--weights', type=pathlib.Path, required=True)
    arguments.add_argument('--batch', type=int, required=True)
    arguments.add_argument('--size', type=int, default=512)
    arguments.add_argument('--classes', type=int, default=150)
    arguments.add_argument('--threads', type=int, required=True)
    arguments.add_argument('--precision', choices=('fp32', 'bf16'), required=True)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)

    model = Segmentor(classes=options.classes, dropout=0)
    load(model, options.weights)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
    # The same pictures as the other side's: a function of the pixel's index in [B, H, W, 3].
    size = options.size
    pixels = torch.arange(options.batch * size * size * 3) % 1009 / 504 - 1
    images = pixels.reshape(options.batch, size, size, 3).permute(0, 3, 1, 2).contiguous()
    labels = (torch.arange(options.batch * size * size) // 37 % options.classes).reshape(options.batch, size, size)

    def step():
        optimizer.zero_grad()
        with torch.autocast('cpu', torch.bfloat16, enabled=options.precision == 'bf16'):
            loss = model.loss(images, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    @torch.no_grad()
    def evaluate():
        with torch.autocast('cpu', torch.bfloat16, enabled=options.precision == 'bf16'):
            return model(images[:1]).argmax(1)

    def timed(work, count):
        times, result = [], None
        for _ in range(count):
            start = time.perf_counter()
            result = work()
            times.append((time.perf_counter() - start) * 1e3)
        return times, result

    print(json.dumps({'torch': torch.__version__}), flush=True)
    for line in sys.stdin:
        command, *rest = line.split()
        if command == 'step':
            model.train()
            times, loss = timed(step, int(rest[0]))
            print(json.dumps({'ms': times, 'loss': loss}), flush=True)
        elif command == 'evaluate':
            model.eval()
            times, _ = timed(evaluate, int(rest[0]))
            print(json.dumps({'ms': times}), flush=True)
        elif command == 'peak':
            status = pathlib.Path('/proc/self/status').read_text()
            print(json.dumps({'peakBytes': int(status.split('VmHWM:')[1].split()[0]) * 1024}), flush=True)


main()
