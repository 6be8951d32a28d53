"""From the official checkpoints of SimpleClick and CFR-ICL to `from_pretrained` folders."""

from __future__ import annotations

from functools import partial
from typing import Any

from rclicks_hf.networks.conversion import Converter, State
from rclicks_hf.networks.plain_vit import UNUSED, read_fields
from rclicks_hf.networks.simpleclick.configuration_simpleclick import (
    SIZES,
    CfrIclConfig,
    SimpleClickConfig,
)

# The upsampling layers after the head are trained and used only in unpublished variants.
_UNUSED = (*UNUSED, "head.up_conv1.*", "head.up_conv2.*")


def _sizes(config_class: type[SimpleClickConfig], state: State) -> dict[str, Any]:
    """The one size that the shapes determine; the published sizes, if they determine none."""
    published = {name: config_class.from_size(name) for name in SIZES}
    try:
        head = state["head.conv_seg.weight"].shape[1]
        config = config_class(**read_fields(state, "neck"), head_channels=head)
    except (KeyError, ValueError):
        return published
    named = [name for name, size in published.items() if size.to_dict() == config.to_dict()]
    width, depth = config.hidden_size, config.num_hidden_layers
    return {named[0] if named else f"ViT of width {width} with {depth} blocks": config}


convert_checkpoint = Converter("simpleclick", partial(_sizes, SimpleClickConfig), ignored=_UNUSED)
convert_cfr_icl_checkpoint = Converter("cfr_icl", partial(_sizes, CfrIclConfig), ignored=_UNUSED)
