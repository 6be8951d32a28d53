"""The model card of a downloaded network: what it is, where it came from, and its licence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData

from rclicks_hf import __version__
from rclicks_hf.downloads.public_items import PublicItem
from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.conversion import Conversion
from rclicks_hf.support.hub_cards.hub_card import INTRODUCTION, PIPELINE_TAG, TAGS, use_section
from rclicks_hf.support.text.citation import PAPER_BIBTEX

_CARD = """\
---
{header}
---

# {name}

{introduction}.

These are the published weights: `{checkpoint}` of {source}, converted by `rclicks download {name}`.
Licence: {licence}. Published in: {paper}.

{use}

Made with rclicks-hf {version}. Digest of the weights: `sha256:{digest}`.

## Citation

```bibtex
{citation}
```
"""
_SALIENCY = (
    "TranSalNet, a network that predicts where people look in an image. The click models SI and SM "
    "of RClicks are made from it"
)
_SALIENCY_USE = """\
## Use

```python
from rclicks_hf import load_click_model

click_map = load_click_model("si:saliency").click_map(image, object_mask, error_mask)
```"""


def write_network_card(folder: Path, item: PublicItem, conversion: Conversion) -> None:
    """Write ``README.md`` into the folder of a converted network."""
    network, is_clickability = NETWORKS[item.becomes], item.becomes == "clickability"
    facts: dict[str, Any] = {
        "license": network.license.lower(),
        "library_name": "transformers",
        "pipeline_tag": PIPELINE_TAG,
        "tags": list(TAGS) if is_clickability else ["saliency", "rclicks"],
    }
    text = _CARD.format(
        header=ModelCardData(**facts).to_yaml(original_order=list(facts)),
        name=item.name,
        introduction=INTRODUCTION if is_clickability else _SALIENCY,
        checkpoint=network.checkpoint,
        source=item.files[0].address,
        licence=item.licence,
        paper=network.paper,
        use=use_section(item.name) if is_clickability else _SALIENCY_USE,
        version=__version__,
        digest=_digest(conversion.model),
        citation=PAPER_BIBTEX,
    )
    (folder / "README.md").write_text(text, "utf-8")


def _digest(model: Any) -> str:
    """The digest by which a push knows whether the card is true of the weights."""
    from rclicks_hf.networks.clickability.modeling_clickability import weights_digest

    return weights_digest(model)
