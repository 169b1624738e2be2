"""The other side of `mpvg bench engine`: MPVG DeiT-Ti training steps in eager PyTorch, as its users write them (convolution as
patch embedding, scaled_dot_product_attention, fused AdamW, autocast for bfloat16).

    python torch_step.py --weights DIR --batch 16 --threads 2 --precision fp32

DIR holds weights.bin (float32, one parameter after the other) and weights.json ([{name, shape}]), so that both sides start from
the same model. Reads commands from standard input, one per line, and answers each with one line of JSON:
    step N   N training steps: {"ms": [...], "loss": last}
    peak     {"peakBytes": the process's largest resident size}
"""
import argparse
import json
import math
import pathlib
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Layer(nn.Module):
    def __init__(self, dim, heads, has_position):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        if has_position:
            self.pe_norm = nn.LayerNorm(dim, eps=1e-6)
        self.attn = nn.ModuleDict({'qkv': nn.Linear(dim, 3 * dim), 'proj': nn.Linear(dim, dim)})
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.ModuleDict({'fc1': nn.Linear(dim, 4 * dim), 'fc2': nn.Linear(4 * dim, dim)})

    def forward(self, x, position):
        b, n, c = x.shape
        t = self.norm1(x) if position is None else self.norm1(x) + position
        q, k, v = self.attn['qkv'](t).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.attn['proj'](F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c))
        return x + self.mlp['fc2'](F.gelu(self.mlp['fc1'](self.norm2(x))))


class Mpvg(nn.Module):
    def __init__(self, image=224, patch=16, dim=192, depth=12, heads=3, classes=1000):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, (image // patch) ** 2, dim))
        self.patch_embed = nn.ModuleDict({'proj': nn.Conv2d(3, dim, patch, patch)})
        self.blocks = nn.ModuleList(Layer(dim, heads, i > 0) for i in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pe_norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, classes)

    def forward(self, images):
        x = self.patch_embed['proj'](images).flatten(2).transpose(1, 2) + self.pos_embed
        position = self.pos_embed
        for i, layer in enumerate(self.blocks):
            if i > 0:
                position = layer.pe_norm(position)
            x = layer(x, position if i > 0 else None)
        return self.head((self.norm(x) + self.pe_norm(self.pos_embed)).mean(1))


def load(model, directory):
    values = torch.frombuffer(bytearray((directory / 'weights.bin').read_bytes()), dtype=torch.float32)
    state, start = {}, 0
    for entry in json.loads((directory / 'weights.json').read_text()):
        size = math.prod(entry['shape'])
        state[entry['name']] = values[start:start + size].reshape(entry['shape']).clone()
        start += size
    model.load_state_dict(state)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--weights', type=pathlib.Path, required=True)
    arguments.add_argument('--batch', type=int, required=True)
    arguments.add_argument('--threads', type=int, required=True)
    arguments.add_argument('--precision', choices=('fp32', 'bf16'), required=True)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)

    model = Mpvg()
    load(model, options.weights)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.05, fused=True)
    # The same pictures as the other side's: a function of the pixel's index in [B, H, W, 3].
    pixels = torch.arange(options.batch * 224 * 224 * 3) % 1009 / 504 - 1
    images = pixels.reshape(options.batch, 224, 224, 3).permute(0, 3, 1, 2).contiguous()
    labels = torch.arange(options.batch) * 37 % 1000

    def step():
        optimizer.zero_grad()
        with torch.autocast('cpu', torch.bfloat16, enabled=options.precision == 'bf16'):
            loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    print(json.dumps({'torch': torch.__version__}), flush=True)
    for line in sys.stdin:
        command, *rest = line.split()
        if command == 'step':
            times, loss = [], 0.0
            for _ in range(int(rest[0])):
                start = time.perf_counter()
                loss = step()
                times.append((time.perf_counter() - start) * 1e3)
            print(json.dumps({'ms': times, 'loss': loss}), flush=True)
        elif command == 'peak':
            status = pathlib.Path('/proc/self/status').read_text()
            print(json.dumps({'peakBytes': int(status.split('VmHWM:')[1].split()[0]) * 1024}), flush=True)


main()
