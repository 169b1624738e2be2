"""UperNet on a ViT-Adapter in eager PyTorch: the other side of `mpvg bench segmentation`, and what its speed is measured
against. Written for that bench; parameters are called as in the original repositories, so that both sides load one file.

Sources: Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, figures 3-5 (segmentation variant: full
attention, every interaction's tokens are added to one output); Zhu et al., "Deformable DETR", equation 2, in its grid-sample
form; Xiao et al., "Unified Perceptual Parsing", 2018. check_reference.py compares it with stored reference outputs.
"""
import torch
from torch import nn
from torch.nn import functional as F


def reference_points(sizes):
    """Centres of all cells of the given (height, width) grids, [1, cells, 1, 2] as (x, y) in [0, 1]."""
    grids = []
    for height, width in sizes:
        y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing='ij')
        grids.append(torch.stack([x.flatten(), y.flatten()], -1))
    return torch.cat(grids)[None, :, None]


def deformable_attention(value, sizes, locations, weights):
    """value [B, S, M, D], locations [B, Q, M, L, P, 2] in [0, 1], weights [B, Q, M, L, P] -> [B, Q, M * D]."""
    b, _, heads, depth = value.shape
    _, queries, _, levels, points, _ = locations.shape
    samples = []
    for level, part in enumerate(value.split([h * w for h, w in sizes], 1)):
        h, w = sizes[level]
        plane = part.permute(0, 2, 3, 1).reshape(b * heads, depth, h, w)
        grid = (2 * locations[:, :, :, level] - 1).transpose(1, 2).flatten(0, 1)  # [B*M, Q, P, 2]
        samples.append(F.grid_sample(plane, grid, align_corners=False))  # [B*M, D, Q, P]
    weights = weights.transpose(1, 2).reshape(b * heads, 1, queries, levels * points)
    out = (torch.cat(samples, -1) * weights).sum(-1)  # [B*M, D, Q]
    return out.reshape(b, heads * depth, queries).transpose(1, 2)


class DeformableAttention(nn.Module):
    def __init__(self, dim, levels, heads, points, ratio):
        super().__init__()
        self.heads, self.levels, self.points = heads, levels, points
        self.sampling_offsets = nn.Linear(dim, heads * levels * points * 2)
        self.attention_weights = nn.Linear(dim, heads * levels * points)
        self.value_proj = nn.Linear(dim, int(dim * ratio))
        self.output_proj = nn.Linear(int(dim * ratio), dim)

    def forward(self, query, references, features, sizes):
        b, q, _ = query.shape
        value = self.value_proj(features).reshape(b, features.shape[1], self.heads, -1)
        offsets = self.sampling_offsets(query).reshape(b, q, self.heads, self.levels, self.points, 2)
        weights = self.attention_weights(query).reshape(b, q, self.heads, -1).softmax(-1)
        weights = weights.reshape(b, q, self.heads, self.levels, self.points)
        scale = torch.tensor([[w, h] for h, w in sizes], dtype=offsets.dtype)
        locations = references[:, :, None, :, None] + offsets / scale[:, None]
        return self.output_proj(deformable_attention(value, sizes, locations, weights))


class ConvFfn(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.dwconv = nn.ModuleDict({'dwconv': nn.Conv2d(hidden, hidden, 3, 1, 1, groups=hidden)})
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x, sizes):
        x, parts = self.fc1(x), []
        for part, (h, w) in zip(x.split([h * w for h, w in sizes], 1), sizes):
            plane = part.transpose(1, 2).reshape(x.shape[0], -1, h, w)
            parts.append(self.dwconv['dwconv'](plane).flatten(2).transpose(1, 2))
        return self.fc2(F.gelu(torch.cat(parts, 1)))


class Injector(nn.Module):
    def __init__(self, dim, heads, points, ratio):
        super().__init__()
        self.query_norm = nn.LayerNorm(dim, eps=1e-6)
        self.feat_norm = nn.LayerNorm(dim, eps=1e-6)
        self.attn = DeformableAttention(dim, 3, heads, points, ratio)
        self.gamma = nn.Parameter(torch.zeros(dim))

    def forward(self, x, c, pyramid, grid):
        return x + self.gamma * self.attn(self.query_norm(x), reference_points([grid]), self.feat_norm(c), pyramid)


class Extractor(nn.Module):
    def __init__(self, dim, heads, points, ratio, cffn_ratio):
        super().__init__()
        self.query_norm = nn.LayerNorm(dim, eps=1e-6)
        self.feat_norm = nn.LayerNorm(dim, eps=1e-6)
        self.attn = DeformableAttention(dim, 1, heads, points, ratio)
        self.ffn = ConvFfn(dim, int(dim * cffn_ratio))
        self.ffn_norm = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, c, x, pyramid, grid):
        c = c + self.attn(self.query_norm(c), reference_points(pyramid), self.feat_norm(x), [grid])
        return c + self.ffn(self.ffn_norm(c), pyramid)


class Block(nn.Module):
    def __init__(self, dim, heads, mlp_ratio):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = nn.ModuleDict({'qkv': nn.Linear(dim, 3 * dim), 'proj': nn.Linear(dim, dim)})
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.ModuleDict({'fc1': nn.Linear(dim, mlp_ratio * dim), 'fc2': nn.Linear(mlp_ratio * dim, dim)})
        self.gamma1 = nn.Parameter(torch.ones(dim))
        self.gamma2 = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.attn['qkv'](self.norm1(x)).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c)
        x = x + self.gamma1 * self.attn['proj'](attended)
        return x + self.gamma2 * self.mlp['fc2'](F.gelu(self.mlp['fc1'](self.norm2(x))))


def convolution(inputs, outputs, stride=1):
    return [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


class SpatialPrior(nn.Module):
    def __init__(self, width, dim):
        super().__init__()
        stem = [*convolution(3, width, 2), *convolution(width, width), *convolution(width, width), nn.MaxPool2d(3, 2, 1)]
        self.stem = nn.Sequential(*stem)
        self.conv2 = nn.Sequential(*convolution(width, 2 * width, 2))
        self.conv3 = nn.Sequential(*convolution(2 * width, 4 * width, 2))
        self.conv4 = nn.Sequential(*convolution(4 * width, 4 * width, 2))
        self.fc1 = nn.Conv2d(width, dim, 1)
        self.fc2 = nn.Conv2d(2 * width, dim, 1)
        self.fc3 = nn.Conv2d(4 * width, dim, 1)
        self.fc4 = nn.Conv2d(4 * width, dim, 1)

    def forward(self, images):
        c1 = self.stem(images)
        c2 = self.conv2(c1)
        c3 = self.conv3(c2)
        c4 = self.conv4(c3)
        tokens = [fc(c).flatten(2).transpose(1, 2) for fc, c in ((self.fc2, c2), (self.fc3, c3), (self.fc4, c4))]
        return self.fc1(c1), tokens


class Interaction(nn.Module):
    def __init__(self, dim, heads, points, ratio, cffn_ratio, extra):
        super().__init__()
        self.injector = Injector(dim, heads, points, ratio)
        self.extractor = Extractor(dim, heads, points, ratio, cffn_ratio)
        self.extra_extractors = nn.ModuleList(Extractor(dim, heads, points, ratio, cffn_ratio) for _ in range(2 if extra else 0))

    def forward(self, x, c, blocks, pyramid, grid):
        x = self.injector(x, c, pyramid, grid)
        for block in blocks:
            x = block(x)
        for extractor in (self.extractor, *self.extra_extractors):
            c = extractor(c, x, pyramid, grid)
        return x, c


class ViTAdapter(nn.Module):
    def __init__(self, dim=192, depth=12, heads=3, mlp_ratio=4, pretrain_px=224, interactions=((0, 2), (3, 5), (6, 8), (9, 11)),
                 prior_width=64, deform_heads=6, points=4, deform_ratio=1.0, cffn_ratio=0.25):
        super().__init__()
        self.side = pretrain_px // 16
        self.ranges = interactions
        self.pos_embed = nn.Parameter(torch.zeros(1, self.side ** 2 + 1, dim))
        self.patch_embed = nn.ModuleDict({'proj': nn.Conv2d(3, dim, 16, 16)})
        self.blocks = nn.ModuleList(Block(dim, heads, mlp_ratio) for _ in range(depth))
        self.level_embed = nn.Parameter(torch.zeros(3, dim))
        self.spm = SpatialPrior(prior_width, dim)
        last = len(interactions) - 1
        self.interactions = nn.ModuleList(
            Interaction(dim, deform_heads, points, deform_ratio, cffn_ratio, i == last) for i in range(last + 1))
        self.up = nn.ConvTranspose2d(dim, dim, 2, 2)
        self.norm1, self.norm2, self.norm3, self.norm4 = (nn.BatchNorm2d(dim) for _ in range(4))

    def forward(self, images):
        h, w = images.shape[2] // 16, images.shape[3] // 16
        pyramid = [(2 * h, 2 * w), (h, w), (h // 2, w // 2)]
        c1, tokens = self.spm(images)
        c = torch.cat([t + level for t, level in zip(tokens, self.level_embed)], 1)
        position = self.pos_embed[:, 1:].reshape(1, self.side, self.side, -1).permute(0, 3, 1, 2)
        position = F.interpolate(position, size=(h, w), mode='bicubic', align_corners=False).flatten(2).transpose(1, 2)
        x = self.patch_embed['proj'](images).flatten(2).transpose(1, 2) + position

        outputs = []
        for (first, last), interaction in zip(self.ranges, self.interactions):
            x, c = interaction(x, c, self.blocks[first:last + 1], pyramid, (h, w))
            outputs.append(x.transpose(1, 2).reshape(x.shape[0], -1, h, w))
        c2, c3, c4 = (part.transpose(1, 2).reshape(x.shape[0], -1, *size)
                      for part, size in zip(c.split([a * b for a, b in pyramid], 1), pyramid))
        c1 = self.up(c2) + c1
        x1, x2, x3, x4 = outputs
        resized = lambda t, factor: F.interpolate(t, scale_factor=factor, mode='bilinear', align_corners=False)
        return [self.norm1(c1 + resized(x1, 4)), self.norm2(c2 + resized(x2, 2)), self.norm3(c3 + x3),
                self.norm4(c4 + resized(x4, 0.5))]


class ConvModule(nn.Module):
    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


def resize_like(x, other):
    return F.interpolate(x, size=other.shape[2:], mode='bilinear', align_corners=False)


class UperHead(nn.Module):
    def __init__(self, inputs, channels, classes, dropout, scales=(1, 2, 3, 6)):
        super().__init__()
        self.psp_modules = nn.ModuleList(nn.Sequential(nn.AdaptiveAvgPool2d(s), ConvModule(inputs, channels, 1)) for s in scales)
        self.bottleneck = ConvModule(inputs + len(scales) * channels, channels, 3)
        self.lateral_convs = nn.ModuleList(ConvModule(inputs, channels, 1) for _ in range(3))
        self.fpn_convs = nn.ModuleList(ConvModule(channels, channels, 3) for _ in range(3))
        self.fpn_bottleneck = ConvModule(4 * channels, channels, 3)
        self.dropout = nn.Dropout2d(dropout)
        self.conv_seg = nn.Conv2d(channels, classes, 1)

    def forward(self, features):
        deepest = features[-1]
        pooled = [resize_like(module(deepest), deepest) for module in self.psp_modules]
        laterals = [conv(f) for conv, f in zip(self.lateral_convs, features)]
        laterals.append(self.bottleneck(torch.cat([deepest, *pooled], 1)))
        for i in range(3, 0, -1):
            laterals[i - 1] = laterals[i - 1] + resize_like(laterals[i], laterals[i - 1])
        merged = [conv(lateral) for conv, lateral in zip(self.fpn_convs, laterals)] + [laterals[-1]]
        merged = [merged[0], *(resize_like(m, merged[0]) for m in merged[1:])]
        return self.conv_seg(self.dropout(self.fpn_bottleneck(torch.cat(merged, 1))))


class FcnHead(nn.Module):
    def __init__(self, inputs, channels, classes, dropout):
        super().__init__()
        self.convs = nn.ModuleList([ConvModule(inputs, channels, 3)])
        self.dropout = nn.Dropout2d(dropout)
        self.conv_seg = nn.Conv2d(channels, classes, 1)

    def forward(self, features):
        return self.conv_seg(self.dropout(self.convs[0](features[2])))


def segmentation_loss(logits, labels):
    """Cross entropy over the labels' pixels; ignored ones count as 0, in the mean too."""
    logits = F.interpolate(logits, size=labels.shape[1:], mode='bilinear', align_corners=False)
    return F.cross_entropy(logits, labels, ignore_index=255, reduction='none').mean()


class Segmentor(nn.Module):
    def __init__(self, classes=150, channels=512, auxiliary_channels=256, dropout=0.1, **backbone):
        super().__init__()
        self.backbone = ViTAdapter(**backbone)
        dim = self.backbone.level_embed.shape[1]
        self.decode_head = UperHead(dim, channels, classes, dropout)
        self.auxiliary_head = FcnHead(dim, auxiliary_channels, classes, dropout)

    def loss(self, images, labels):
        features = self.backbone(images)
        main = segmentation_loss(self.decode_head(features), labels)
        return main + 0.4 * segmentation_loss(self.auxiliary_head(features), labels)

    def forward(self, images):
        """Logits at the images' size."""
        return F.interpolate(self.decode_head(self.backbone(images)), size=images.shape[2:], mode='bilinear', align_corners=False)
