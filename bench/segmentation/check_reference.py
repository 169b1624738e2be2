"""Compares torch_model.py with the stored outputs of the original repositories; exit code 1 where they differ.

    python check_reference.py DIR_OF_REFERENCE_FILES

Error as the files' README has it: the largest difference of a tensor over its largest magnitude; tolerances from there. Gradients
that are zero but for rounding (biases in front of a batch norm) are held to 1e-2 instead of to themselves; the one behind the pooling to
one cell, whose batch norm sees two values, gets twice the tolerance.
"""
import pathlib
import sys

import torch
from safetensors.torch import load_file

from torch_model import FcnHead, UperHead, ViTAdapter, segmentation_loss

directory = pathlib.Path(sys.argv[1])
failed = []


def stored(name, prefix):
    tensors = load_file(directory / f'{name}.safetensors')
    return {key[len(prefix):]: value for key, value in tensors.items() if key.startswith(prefix)}


def compare(name, got, expected, tolerance):
    error = ((got - expected).abs().max() / expected.abs().max().clamp(min=1e-2)).item()
    if not error <= tolerance:
        failed.append(f'{name}: {error:.1e} > {tolerance:.0e}')


def adapter():
    model = ViTAdapter(dim=48, depth=4, heads=3, pretrain_px=64, interactions=((0, 0), (1, 1), (2, 2), (3, 3)), prior_width=16)
    model.load_state_dict(stored('vit_adapter_weights', 'weight.'))
    return model


def check_adapter():
    model = adapter().eval()
    outputs = model(stored('vit_adapter_seg_eval', 'input.')['x'])
    for i, output in enumerate(outputs, 1):
        compare(f'seg_eval f{i}', output, stored('vit_adapter_seg_eval', 'output.')[f'f{i}'], 1e-5)

    model, inputs = adapter().train(), stored('vit_adapter_seg_train', 'input.')
    outputs = model(inputs['x'])
    sum((f * inputs[f'r{i}']).sum() for i, f in enumerate(outputs, 1)).backward()
    parameters = dict(model.named_parameters())
    for name, gradient in stored('vit_adapter_seg_train', 'grad.').items():
        if name in parameters:
            compare(f'seg_train grad {name}', parameters[name].grad, gradient, 5e-5)
    state = model.state_dict()
    for name, value in stored('vit_adapter_seg_train', 'output.after.').items():
        compare(f'seg_train {name}', state[name], value, 2e-5)


def check_heads():
    weights, inputs, outputs = (stored('upernet', f'{kind}.') for kind in ('weight', 'input', 'output'))
    heads = torch.nn.ModuleDict({'decode_head': UperHead(48, 32, 12, 0), 'auxiliary_head': FcnHead(48, 16, 12, 0)})
    heads.load_state_dict(weights, strict=False)
    features = [inputs[f'f{i}'] for i in range(4)]
    labels = inputs['label'].long()
    main, auxiliary = heads['decode_head'](features), heads['auxiliary_head'](features)
    compare('train logits', main, outputs['train_logits'], 1e-5)
    compare('train auxiliary logits', auxiliary, outputs['train_aux_logits'], 1e-5)
    total = segmentation_loss(main, labels) + 0.4 * segmentation_loss(auxiliary, labels)
    compare('loss', total, outputs['total'], 1e-5)
    total.backward()
    parameters = dict(heads.named_parameters())
    for name, gradient in stored('upernet', 'grad.').items():
        if name in parameters:
            compare(f'grad {name}', parameters[name].grad, gradient, 1e-4 if 'psp_modules.0' in name else 5e-5)


check_adapter()
check_heads()
print('\n'.join(failed) or 'agrees with the reference files')
sys.exit(1 if failed else 0)
