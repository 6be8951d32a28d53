"""The clickability network as the paper's code writes it: slow, and independent of ours.

Functions on a state dict. Tokens between the blocks, batch norms on their own, the squeeze after
the upsampling, the last hamburger layer on full width. Nothing of `rclicks_hf` is used, so that
tests and the benchmark can compare with it.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F  # noqa: N812

State = dict[str, torch.Tensor]

BACKBONE, HEAD = "encoder_decoder.backbone.", "encoder_decoder.decode_head.0."
EVAL_STEPS, NMF_EPS, MAP_EPS = 7, 1e-6, 1e-9


def plain_forward(
    state: State,
    pixel_values: torch.Tensor,
    object_mask: torch.Tensor,
    error_mask: torch.Tensor,
    *,
    groups: int = 32,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (B, 1, H/4, W/4) and min-max map (B, 1, H, W), in evaluation mode."""
    guidance = _guidance(state, torch.cat([object_mask, error_mask], 1))
    logits = _head(state, _stages(state, pixel_values, guidance), groups)
    full = F.interpolate(logits, pixel_values.shape[2:], mode="bilinear", align_corners=True)
    low, high = full.amin((1, 2, 3), keepdim=True), full.amax((1, 2, 3), keepdim=True)
    return logits, (full - low) / (high - low + MAP_EPS)


def _conv(state: State, name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
    weight = state[f"{name}.weight"]
    padding = (weight.shape[2] // 2, weight.shape[3] // 2)
    groups = x.shape[1] // weight.shape[1]
    return F.conv2d(x, weight, state.get(f"{name}.bias"), stride, padding, groups=groups)


def _batch_norm(state: State, name: str, x: torch.Tensor) -> torch.Tensor:
    mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return F.batch_norm(x, mean, variance, state[f"{name}.weight"], state[f"{name}.bias"])


def _group_norm(state: State, name: str, x: torch.Tensor, groups: int) -> torch.Tensor:
    return F.group_norm(x, groups, state[f"{name}.weight"], state[f"{name}.bias"])


def _guidance(state: State, masks: torch.Tensor) -> torch.Tensor:
    x = F.relu(_conv(state, "maps_transform.0", masks))
    x = F.relu(_conv(state, "maps_transform.2", x, stride=2))
    x = _conv(state, "maps_transform.4", x, stride=2)
    return x * state["maps_transform.5.scale"].abs()


def _stages(state: State, x: torch.Tensor, guidance: torch.Tensor) -> list[torch.Tensor]:
    stages: list[torch.Tensor] = []
    while f"{BACKBONE}norm{len(stages) + 1}.weight" in state:
        stage = len(stages) + 1
        embed = f"{BACKBONE}patch_embed{stage}."
        if stage == 1:
            x = _batch_norm(state, f"{embed}proj.1", _conv(state, f"{embed}proj.0", x, 2))
            x = _conv(state, f"{embed}proj.3", F.gelu(x), 2)
            x = _batch_norm(state, f"{embed}proj.4", x) + guidance
        else:
            x = _batch_norm(state, f"{embed}norm", _conv(state, f"{embed}proj", x, 2))
        batch, channels, height, width = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        block = 0
        while f"{BACKBONE}block{stage}.{block}.layer_scale_1" in state:
            x = tokens.permute(0, 2, 1).reshape(batch, channels, height, width)
            x = _block(state, f"{BACKBONE}block{stage}.{block}.", x)
            tokens = x.reshape(batch, channels, height * width).permute(0, 2, 1)
            block += 1
        norm = f"{BACKBONE}norm{stage}"
        tokens = F.layer_norm(tokens, (channels,), state[f"{norm}.weight"], state[f"{norm}.bias"])
        x = tokens.reshape(batch, height, width, channels).permute(0, 3, 1, 2).contiguous()
        stages.append(x)
    return stages


def _block(state: State, name: str, x: torch.Tensor) -> torch.Tensor:
    attention = _attention(state, f"{name}attn.", _batch_norm(state, f"{name}norm1", x))
    x = x + state[f"{name}layer_scale_1"][:, None, None] * attention
    inner = _conv(state, f"{name}mlp.fc1", _batch_norm(state, f"{name}norm2", x))
    inner = F.gelu(_conv(state, f"{name}mlp.dwconv", inner))
    return x + state[f"{name}layer_scale_2"][:, None, None] * _conv(state, f"{name}mlp.fc2", inner)


def _attention(state: State, name: str, x: torch.Tensor) -> torch.Tensor:
    gated = F.gelu(_conv(state, f"{name}proj_1", x))
    unit = f"{name}spatial_gating_unit."
    attention = _conv(state, f"{unit}conv0", gated)
    strips = [
        _conv(state, f"{unit}conv{i}_2", _conv(state, f"{unit}conv{i}_1", attention))
        for i in range(3)
    ]
    attention = attention + strips[0] + strips[1] + strips[2]
    return _conv(state, f"{name}proj_2", _conv(state, f"{unit}conv3", attention) * gated) + x


def _head(state: State, stages: list[torch.Tensor], groups: int) -> torch.Tensor:
    size = stages[0].shape[2:]
    x = torch.cat([F.interpolate(s, size, mode="bilinear", align_corners=False) for s in stages], 1)
    x = F.relu(
        _group_norm(state, f"{HEAD}squeeze.gn", _conv(state, f"{HEAD}squeeze.conv", x), groups)
    )
    context = F.relu(_conv(state, f"{HEAD}hamburger.ham_in.conv", x))
    context = _factorise(state[f"{HEAD}hamburger.ham.bases"], context)
    context = _conv(state, f"{HEAD}hamburger.ham_out.conv", context)
    x = F.relu(x + _group_norm(state, f"{HEAD}hamburger.ham_out.gn", context, groups))
    x = _conv(state, f"{HEAD}align.conv", x)
    return _conv(state, f"{HEAD}conv_seg", F.relu(_group_norm(state, f"{HEAD}align.gn", x, groups)))


def _factorise(bases: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    matrix = x.flatten(2)
    bases = bases.repeat(len(x), 1, 1)
    coef = torch.softmax(torch.bmm(matrix.transpose(1, 2), bases), dim=-1)
    for _ in range(EVAL_STEPS):
        coef = _coefficients(matrix, bases, coef)
        numerator = torch.bmm(matrix, coef)
        denominator = torch.bmm(bases, torch.bmm(coef.transpose(1, 2), coef))
        bases = bases * numerator / (denominator + NMF_EPS)
    coef = _coefficients(matrix, bases, coef)
    return torch.bmm(bases, coef.transpose(1, 2)).view_as(x)


def _coefficients(matrix: torch.Tensor, bases: torch.Tensor, coef: torch.Tensor) -> torch.Tensor:
    numerator = torch.bmm(matrix.transpose(1, 2), bases)
    denominator = torch.bmm(coef, torch.bmm(bases.transpose(1, 2), bases))
    return coef * numerator / (denominator + NMF_EPS)
