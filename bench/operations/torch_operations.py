"""The other side of `mpvg bench deform` and `mpvg bench convolution`: single operations, forward and backward, in eager PyTorch, as
its users write them.

    python torch_operations.py --folder DIR --threads 2

DIR holds case.json ({"name", "settings", "inputs": [{"shape", "dtype", "gradient"}], "dy"}) and inputs.bin (one tensor after the
other, then the gradient of the result, float32 or int32). Images are NHWC there; here they become NCHW before the clock starts.
Reads commands from standard input, one per line, and answers each with one line of JSON:
    load     reads the case
    run N    N times forward and backward: {"ms": [...]}
    store    writes the result and the gradients to outputs.bin, in the order and layout of the inputs
"""
import argparse
import ctypes
import json
import math
import pathlib
import sys
import time

import torch
from torch.nn import functional as F


def bytes_of(tensor):
    """Its values in memory order; the torch that set-up installs has no NumPy."""
    tensor = tensor.contiguous()
    return ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size())


def nchw(x):
    return x.permute(0, 3, 1, 2).contiguous()


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def deform(inputs, settings):
    """Grid sampling, one map after the other: the ViT-Adapter repository's way without its CUDA extension."""
    value, locations, weights = inputs
    batch, _, heads, depth = value.shape
    _, queries, _, levels, points, _ = locations.shape
    sizes = [tuple(level) for level in settings['levels']]
    samples = []
    for level, part in enumerate(value.split([h * w for h, w in sizes], 1)):
        height, width = sizes[level]
        plane = part.flatten(2).transpose(1, 2).reshape(batch * heads, depth, height, width)
        grid = (2 * locations[:, :, :, level] - 1).transpose(1, 2).flatten(0, 1)
        samples.append(F.grid_sample(plane, grid, mode='bilinear', padding_mode='zeros', align_corners=False))
    shares = weights.transpose(1, 2).reshape(batch * heads, 1, queries, levels * points)
    read = torch.stack(samples, -2).flatten(-2)
    return (read * shares).sum(-1).view(batch, heads * depth, queries).transpose(1, 2).contiguous()


def convolution(inputs, settings):
    x, weight, *bias = inputs
    return F.conv2d(x, weight, *bias, stride=settings['stride'], padding=settings['padding'], groups=settings['groups'])


def transposed(inputs, settings):
    x, weight, bias = inputs
    return F.conv_transpose2d(x, weight, bias, stride=settings['stride'])


def conv_norm_relu(inputs, settings):
    x, weight, gamma, beta = inputs
    y = F.conv2d(x, weight, padding=settings['padding'])
    mean, variance = torch.zeros_like(gamma), torch.ones_like(gamma)
    return F.relu(F.batch_norm(y, mean, variance, gamma, beta, training=True), inplace=True)


def norm_relu(inputs, settings):
    x, gamma, beta = inputs
    mean, variance = torch.zeros_like(gamma), torch.ones_like(gamma)
    return F.relu(F.batch_norm(x, mean, variance, gamma, beta, training=True), inplace=True)


def token_convolution(inputs, settings):
    """The depthwise convolution of the three token grids, as in the ViT-Adapter repository."""
    tokens, weight, bias = inputs
    batch, _, channels = tokens.shape
    parts = []
    for (height, width), part in zip(settings['grids'], tokens.split([h * w for h, w in settings['grids']], 1)):
        plane = part.transpose(1, 2).reshape(batch, channels, height, width).contiguous()
        parts.append(F.conv2d(plane, weight, bias, padding=1, groups=channels).flatten(2).transpose(1, 2))
    return torch.cat(parts, 1)


def resize(inputs, settings):
    return F.interpolate(inputs[0], settings['size'], mode='bilinear', align_corners=False)


def max_pool(inputs, settings):
    return F.max_pool2d(inputs[0], 3, 2, 1)


def average_pool(inputs, settings):
    return F.adaptive_avg_pool2d(inputs[0], settings['size'])


def segmentation_loss(inputs, settings):
    logits, labels = inputs
    full = F.interpolate(logits, labels.shape[1:], mode='bilinear', align_corners=False)
    return F.cross_entropy(full, labels.long(), ignore_index=255, reduction='none').mean()


OPERATIONS = {
    'deform': deform,
    'convolution': convolution,
    'transposed': transposed,
    'convNormRelu': conv_norm_relu,
    'normRelu': norm_relu,
    'tokenConvolution': token_convolution,
    'resize': resize,
    'maxPool': max_pool,
    'averagePool': average_pool,
    'segmentationLoss': segmentation_loss,
}


class Case:
    def __init__(self, folder):
        described = json.loads((folder / 'case.json').read_text())
        data = bytearray((folder / 'inputs.bin').read_bytes())
        self.operation, self.settings = OPERATIONS[described['name']], described['settings']
        self.is_image, start = [], 0
        tensors = []
        for entry in described['inputs'] + [described['dy']]:
            count = math.prod(entry['shape'])
            dtype = torch.float32 if entry['dtype'] == 'float32' else torch.int32
            tensor = torch.frombuffer(data, dtype=dtype, count=count, offset=start).reshape(entry['shape']).clone()
            start += 4 * count
            tensors.append(nchw(tensor) if entry['image'] else tensor)
            self.is_image.append(entry['image'])
        *self.inputs, self.dy = tensors
        self.trained = [tensor.requires_grad_() for tensor, entry in zip(self.inputs, described['inputs']) if entry['gradient']]
        self.trained_images = [entry['image'] for entry in described['inputs'] if entry['gradient']]

    def run(self):
        y = self.operation(self.inputs, self.settings)
        return y, torch.autograd.grad(y, self.trained, self.dy.reshape(y.shape))

    def store(self, folder):
        y, gradients = self.run()
        images = [self.is_image[-1]] + self.trained_images
        stored = [nhwc(t) if image else t for t, image in zip([y.detach(), *gradients], images)]
        (folder / 'outputs.bin').write_bytes(b''.join(map(bytes_of, stored)))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--folder', type=pathlib.Path, required=True)
    arguments.add_argument('--threads', type=int, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    print(json.dumps({'torch': torch.__version__}), flush=True)
    case = None
    for line in sys.stdin:
        command, *rest = line.split()
        answer = {}
        if command == 'load':
            case = Case(options.folder)
        elif command == 'run':
            answer['ms'] = []
            for _ in range(int(rest[0])):
                start = time.perf_counter()
                case.run()
                answer['ms'].append((time.perf_counter() - start) * 1e3)
        elif command == 'store':
            case.store(options.folder)
        print(json.dumps(answer), flush=True)


main()
