"""Forward passes of click-map networks written plainly over their state dicts, to compare speeds.

Each takes a state dict, the normalised image and the guidance maps, and gives what `segment` does.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

State = dict[str, Tensor]


def ritm(w: State, image: Tensor, guidance: Tensor, num_blocks: int, num_modules: tuple) -> Tensor:
    """HRNet and OCR without the attention over its single region."""
    maps = F.leaky_relu(_conv(w, "maps_transform.0", guidance), 0.2)
    maps = _conv(w, "maps_transform.2", maps, 2, 1) * w["maps_transform.3.scale"].abs()
    w = {key.removeprefix("feature_extractor."): value for key, value in w.items()}
    x = F.relu(_norm(w, "bn1", _conv(w, "conv1", image, 2, 1))) + maps
    x = F.relu(_norm(w, "bn2", _conv(w, "conv2", x, 2, 1)))
    for i in range(num_blocks):
        y = F.relu(_norm(w, f"layer1.{i}.bn1", _conv(w, f"layer1.{i}.conv1", x)))
        y = F.relu(_norm(w, f"layer1.{i}.bn2", _conv(w, f"layer1.{i}.conv2", y, 1, 1)))
        y = _norm(w, f"layer1.{i}.bn3", _conv(w, f"layer1.{i}.conv3", y))
        x = F.relu(y + (x if i else _pair(w, "layer1.0.downsample", x)))
    xs = [
        F.relu(_pair(w, "transition1.0", x, 1, 1)),
        F.relu(_pair(w, "transition1.1.0", x, 2, 1)),
    ]
    for stage, modules in enumerate(num_modules, 2):
        if stage > 2:
            xs.append(F.relu(_pair(w, f"transition{stage - 1}.{stage - 1}.0", xs[-1], 2, 1)))
        for m in range(modules):
            xs = _module(w, f"stage{stage}.{m}", xs, num_blocks)
    x = torch.cat([xs[0], *(_up(other, xs[0], True) for other in xs[1:])], 1)
    aux = F.relu(_norm(w, "aux_head.1", _conv(w, "aux_head.0", x)))
    aux = _conv(w, "aux_head.3", aux)
    x = F.relu(_norm(w, "conv3x3_ocr.1", _conv(w, "conv3x3_ocr.0", x, 1, 1)))
    region = (aux.flatten(2).softmax(2) @ x.flatten(2).transpose(1, 2)).transpose(1, 2)[..., None]
    block = "ocr_distri_head.object_context_block"
    for name in ("f_down", "f_up"):
        convolved = _conv(w, f"{block}.{name}.0", region)
        region = F.relu(_norm(w, f"{block}.{name}.1.0", convolved))
    x = torch.cat([region.expand(-1, -1, *x.shape[2:]), x], 1)
    x = _conv(w, "ocr_distri_head.conv_bn_dropout.0", x)
    x = F.relu(_norm(w, "ocr_distri_head.conv_bn_dropout.1.0", x))
    _up(aux, image, True)
    return _up(_conv(w, "cls_head", x), image, True)


def _module(w: State, name: str, xs: list[Tensor], num_blocks: int) -> list[Tensor]:
    outs = []
    for b, x in enumerate(xs):
        for i in range(num_blocks):
            block = f"{name}.branches.{b}.{i}"
            y = F.relu(_norm(w, f"{block}.bn1", _conv(w, f"{block}.conv1", x, 1, 1)))
            x = F.relu(_norm(w, f"{block}.bn2", _conv(w, f"{block}.conv2", y, 1, 1)) + x)
        outs.append(x)
    fused = []
    for i in range(len(outs)):
        total: Tensor | None = None
        for j, x in enumerate(outs):
            layer = f"{name}.fuse_layers.{i}.{j}"
            if j > i:
                x = _up(_pair(w, layer, x), outs[i], True)
            for k in range(i - j):
                x = _pair(w, f"{layer}.{k}", x, 2, 1)
                x = x if k == i - j - 1 else F.relu(x)
            total = x if total is None else total + x
        fused.append(F.relu(total))
    return fused


def simpleclick(w: State, image: Tensor, guidance: Tensor, heads: int, patch: int) -> Tensor:
    """A plain vision transformer with windows of 224 pixels, pyramid and head."""
    x = F.conv2d(image, w["backbone.patch_embed.proj.weight"], w["backbone.patch_embed.proj.bias"],
                 patch)  # fmt: skip
    x = x + F.conv2d(guidance, w["patch_embed_coords.proj.weight"],
                     w["patch_embed_coords.proj.bias"], patch)  # fmt: skip
    batch, size, height, width = x.shape
    x = x.flatten(2).transpose(1, 2) + w["backbone.pos_embed"][:, 1:]
    depth = 1 + max(int(key.split(".")[2]) for key in w if key.startswith("backbone.blocks"))
    group, side = 6 if depth == 12 else depth // 4, 224 // patch
    rows, columns = height // side, width // side
    for i in range(depth):
        if (i + 1) % group == 1:
            x = x.view(batch, rows, side, columns, side, size).transpose(2, 3)
            x = x.reshape(-1, side * side, size)
        if (i + 1) % group == 0:
            x = x.view(batch, rows, columns, side, side, size).transpose(2, 3)
            x = x.reshape(batch, height * width, size)
        x = _block(w, f"backbone.blocks.{i}", x, heads)
    x = x.transpose(1, 2).reshape(batch, size, height, width)
    maps = []
    for name in ("down_4", "down_8", "down_16", "down_32"):
        y = x
        for index in range(8):
            weight = w.get(f"neck.{name}.{index}.weight")
            if weight is None:
                is_gelu = index and f"neck.{name}.{index - 1}.weight" in w
                y = F.gelu(y) if is_gelu else y
            elif weight.ndim == 1:
                y = F.group_norm(y, 1, weight, w[f"neck.{name}.{index}.bias"])
            else:
                bias, kernel = w[f"neck.{name}.{index}.bias"], weight.shape[2]
                convolve = F.conv_transpose2d if name != "down_32" and kernel == 2 else F.conv2d
                y = convolve(y, weight, bias, stride=kernel)
        maps.append(y)
    maps = [F.relu(_conv(w, f"head.convs.{i}.conv", y)) for i, y in enumerate(maps)]
    y = torch.cat([maps[0], *(_up(other, maps[0], False) for other in maps[1:])], 1)
    y = _conv(w, "head.conv_seg", F.relu(_conv(w, "head.fusion_conv.conv", y)))
    return _up(y, image, True)


def _block(w: State, name: str, x: Tensor, heads: int) -> Tensor:
    size = x.shape[-1]
    y = F.layer_norm(x, (size,), w[f"{name}.norm1.weight"], w[f"{name}.norm1.bias"], 1e-6)
    y = F.linear(y, w[f"{name}.attn.qkv.weight"], w[f"{name}.attn.qkv.bias"])
    q, k, v = y.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    y = ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)).softmax(-1) @ v
    y = y.transpose(1, 2).flatten(2)
    x = x + F.linear(y, w[f"{name}.attn.proj.weight"], w[f"{name}.attn.proj.bias"])
    y = F.layer_norm(x, (size,), w[f"{name}.norm2.weight"], w[f"{name}.norm2.bias"], 1e-6)
    y = F.gelu(F.linear(y, w[f"{name}.mlp.fc1.weight"], w[f"{name}.mlp.fc1.bias"]))
    return x + F.linear(y, w[f"{name}.mlp.fc2.weight"], w[f"{name}.mlp.fc2.bias"])


def deeplab(w: State, prefix: str, image: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
    """The backbone's first and last maps of GPCIS and CDNet, for guidance of its channels."""
    w = {key.removeprefix(prefix): value for key, value in w.items()}
    if "conv1.weight" in w:
        x = _conv(w, "conv1", image, 2, 3)
    else:
        x = F.relu(_norm(w, "conv1.1", _conv(w, "conv1.0", image, 2, 1)))
        x = F.relu(_norm(w, "conv1.4", _conv(w, "conv1.3", x, 1, 1)))
        x = _conv(w, "conv1.6", x, 1, 1)
    x = F.relu(_norm(w, "bn1", x))
    x = x + F.pad(maps, (0, 0, 0, 0, 0, x.shape[1] - maps.shape[1]))
    x = F.max_pool2d(x, 3, 2, 1)
    first = x
    for stage, (stride, dilation) in enumerate(((1, 1), (2, 1), (1, 2), (1, 4)), 1):
        i = 0
        while f"layer{stage}.{i}.conv1.weight" in w:
            rate = dilation if i else max(1, dilation // 2)
            x = _residual(w, f"layer{stage}.{i}", x, 1 if i else stride, rate, dilation)
            i += 1
        first = x if stage == 1 else first
    return first, x


def _residual(w: State, name: str, x: Tensor, stride: int, first: int, second: int) -> Tensor:
    if f"{name}.conv3.weight" in w:
        y = F.relu(_norm(w, f"{name}.bn1", _conv(w, f"{name}.conv1", x)))
        y = F.conv2d(y, w[f"{name}.conv2.weight"], None, stride, first, first)
        y = _conv(w, f"{name}.conv3", F.relu(_norm(w, f"{name}.bn2", y)))
        y = _norm(w, f"{name}.bn3", y)
    else:
        y = F.conv2d(x, w[f"{name}.conv1.weight"], None, stride, first, first)
        y = F.relu(_norm(w, f"{name}.bn1", y))
        y = F.conv2d(y, w[f"{name}.conv2.weight"], None, 1, second, second)
        y = _norm(w, f"{name}.bn2", y)
    if f"{name}.downsample.0.weight" in w:
        x = _pair(w, f"{name}.downsample", x, stride)
    return F.relu(y + x)


def dense_disks(points: Tensor, size: tuple[int, int], radius: int = 5) -> Tensor:
    """Disks by the distance of every pixel to every click."""
    rows = torch.arange(size[0])[:, None]
    columns = torch.arange(size[1])[None]
    row, column = points[..., 0, None, None], points[..., 1, None, None]
    inside = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    inside &= (points[..., :2].amax(-1) >= 0)[..., None, None]
    return inside.unflatten(1, (2, -1)).any(2).float()


def _conv(w: State, name: str, x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    return F.conv2d(x, w[f"{name}.weight"], w.get(f"{name}.bias"), stride, padding)


def _norm(w: State, name: str, x: Tensor) -> Tensor:
    names = ("running_mean", "running_var", "weight", "bias")
    return F.batch_norm(x, *(w[f"{name}.{part}"] for part in names))


def _pair(w: State, name: str, x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    return _norm(w, f"{name}.1", _conv(w, f"{name}.0", x, stride, padding))


def _up(x: Tensor, like: Tensor, align: bool) -> Tensor:
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=align)
