"""What both networks return and accept, as transformers' own networks do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel
from rclicks_hf.networks.saliency import SaliencyConfig, SaliencyModel

Case = tuple[Any, dict[str, Tensor]]


def _clickability(**fields: Any) -> Case:
    config = ClickabilityConfig.from_preset("nano", **fields)
    masks = torch.zeros(2, 1, 32, 64)
    masks[..., 8:20, 10:40] = 1
    pixels = torch.randn(2, 3, 32, 64, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(0)
    inputs = {"pixel_values": pixels, "object_mask": masks, "error_mask": masks}
    return ClickabilityModel(config).eval(), inputs


def _saliency(**fields: Any) -> Case:
    config = SaliencyConfig(
        image_size=(64, 96),
        stem_channels=4,
        depths=(1, 1, 1, 1),
        hidden_sizes=(16, 16, 8),
        num_attention_heads=(2, 4, 2),
        intermediate_sizes=(16, 16, 8),
        decoder_sizes=(8, 8, 4, 4),
        **fields,
    )
    torch.manual_seed(0)
    model = SaliencyModel._from_config(config, attn_implementation="eager").eval()
    pixels = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    return model, {"pixel_values": pixels}


BOTH = pytest.mark.parametrize("make", [_clickability, _saliency])
Make = Callable[..., Case]

BLOCKS = [(16, 8, 16), (32, 4, 8), (64, 2, 4), (64, 2, 4), (96, 1, 2)]
TOKENS = [(6, 16)] * 2 + [(24, 16)] * 2 + [(96, 8)] * 2
WEIGHTS = [(2, 6, 6)] * 2 + [(4, 24, 24)] * 2 + [(2, 96, 96)] * 2


@pytest.mark.parametrize(
    ("make", "hidden", "attentions"),
    [(_clickability, [BLOCKS[0], *BLOCKS], BLOCKS), (_saliency, TOKENS, WEIGHTS)],
)
@pytest.mark.parametrize("grad", [False, True])
def test_hidden_states_and_attentions_of_every_layer(
    make: Make, hidden: list[tuple[int, ...]], attentions: list[tuple[int, ...]], grad: bool
) -> None:
    model, inputs = make()
    with torch.set_grad_enabled(grad):
        plain = model(**inputs)
        output = model(**inputs, output_hidden_states=True, output_attentions=True)
    assert [tuple(state.shape) for state in output.hidden_states] == [(2, *s) for s in hidden]
    assert [tuple(weights.shape) for weights in output.attentions] == [(2, *s) for s in attentions]
    assert list(output) == [*plain, "hidden_states", "attentions"]
    torch.testing.assert_close(output.logits, plain.logits, rtol=1e-4, atol=1e-4)


def test_what_is_recorded_is_what_the_blocks_compute() -> None:
    model, inputs = _clickability()
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True, output_attentions=True)
        block = model.encoder_decoder.backbone.block1[0]
        torch.testing.assert_close(block(output.hidden_states[0]), output.hidden_states[1])
        unit = block.attn
        inner = unit.activation(unit.proj_1(block.norm1(output.hidden_states[0])))
        gated = unit.spatial_gating_unit(inner)[0]
    torch.testing.assert_close(output.attentions[0] * inner, gated)


def test_the_saliency_network_s_weights_are_those_it_mixes_values_with() -> None:
    model, inputs = _saliency()
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True, output_attentions=True)
        layer = model.decoder.TransEncoder1.transformer_encoder.layer[1]
        normed = layer.attention_norm(output.hidden_states[0])
        heads = layer.attn.value(normed).unflatten(-1, (2, -1)).transpose(1, 2)
        mixed = (output.attentions[1] @ heads).transpose(1, 2).flatten(2)
        after = output.hidden_states[0] + layer.attn.out(mixed)
        after = after + layer.ffn(layer.ffn_norm(after))
    torch.testing.assert_close(after, output.hidden_states[1])
    for weights in output.attentions:
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))


@BOTH
@torch.no_grad()
def test_the_config_s_wishes_count_and_keywords_win(make: Make) -> None:
    model, inputs = make()
    model.config.output_hidden_states = model.config.output_attentions = True
    output = model(**inputs)
    assert len(output.hidden_states) >= len(output.attentions) > 0
    only = model(**inputs, output_hidden_states=False)
    assert only.hidden_states is None
    assert only.attentions is not None
    model.config.output_hidden_states = model.config.output_attentions = False
    model.config.return_dict = False
    first, logits = model(**inputs)
    assert torch.equal(logits, model(**inputs, return_dict=True).logits)
    assert torch.equal(first, next(iter(model(**inputs, return_dict=True).values())))


@BOTH
@torch.no_grad()
def test_hidden_states_can_be_chosen_by_index(make: Make) -> None:
    model, inputs = make()
    every = model(**inputs, output_hidden_states=True).hidden_states
    chosen = model(**inputs, output_hidden_states=[1, -1]).hidden_states
    there = [i for i, state in enumerate(chosen) if state is not None]
    assert there == [1, len(every) - 1]
    assert all(torch.equal(chosen[i], every[i]) for i in there)


@BOTH
def test_unknown_keywords_are_refused(make: Make) -> None:
    model, inputs = make()
    for keyword in ("output_hidden_state", "head_mask", "interpolate_pos_encoding"):
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{keyword}'"):
            model(**inputs, **{keyword: True})


@torch.no_grad()
def test_eager_and_sdpa_agree(tmp_path: Path) -> None:
    eager, inputs = _saliency()
    eager.save_pretrained(tmp_path)
    assert SaliencyModel.from_pretrained(tmp_path).config._attn_implementation == "sdpa"
    for name in ("sdpa", "eager"):
        loaded: Any = SaliencyModel.from_pretrained(tmp_path, attn_implementation=name)
        made = loaded.eval()(**inputs).logits
        torch.testing.assert_close(made, eager(**inputs).logits, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="does not support"):
        ClickabilityModel._from_config(
            ClickabilityConfig.from_preset("nano"), attn_implementation="sdpa"
        )


@torch.no_grad()
def test_attentions_without_eager_attention_are_empty_with_a_warning() -> None:
    model, inputs = _saliency()
    model.set_attn_implementation("sdpa")
    messages: list[str] = []
    logger = logging.getLogger("rclicks_hf.networks.saliency.modeling_saliency")
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        assert model(**inputs, output_attentions=True).attentions == ()
    finally:
        logger.removeHandler(handler)
    assert messages == ['attentions need the model loaded with attn_implementation="eager"']


def test_buffers_are_the_same_in_every_construction() -> None:
    config = ClickabilityConfig.from_preset("nano")
    torch.manual_seed(1)
    first = ClickabilityModel(config)
    torch.manual_seed(2)
    second = ClickabilityModel(config)
    with torch.device("meta"):
        late = ClickabilityModel(config)
    late.to_empty(device="cpu")
    late.init_weights()
    for name, buffer in first.named_buffers():
        for other in (second, late):
            assert torch.equal(other.get_buffer(name), buffer), name


def test_adapters_train_with_gradient_checkpointing_over_frozen_weights() -> None:
    model, inputs = _clickability()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    scale = model.encoder_decoder.backbone.block4[0].layer_scale_1.requires_grad_(True)
    model.train()
    model.enable_input_require_grads()
    model.activation_checkpointing_enable({"use_reentrant": True})
    model(**inputs, labels=inputs["error_mask"]).loss.backward()
    assert scale.grad is not None
    assert scale.grad.any()
