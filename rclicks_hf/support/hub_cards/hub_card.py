"""The card that goes to the Hub together with a clickability network.

`networks/clickability/` has a link to this file, because a saved network carries its code.
It needs only the standard library.
"""

from __future__ import annotations

import os
import re

TAGS = ("click-prediction", "interactive-segmentation", "clickability", "rclicks")
# The Hub's tag for what none of its widgets and tasks can run.
PIPELINE_TAG = "other"

_MADE = "Made with rclicks-hf"
_EMPTY = "has been automatically generated"  # in the card that transformers writes
_SIMULATED = "> **Simulated clicks.**"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")

INTRODUCTION = """\
A clickability network: given an image, an object mask and the region where a segmentation is wrong
(the error mask), it predicts where users would click. It is a SegNeXt with click guidance, the
network of the RClicks paper (NeurIPS 2024)"""

_USE = """\
## Use

```python
from transformers import pipeline

clicks = pipeline("click-prediction", model="{title}", trust_remote_code=True)
print(clicks("image.jpg", object_mask="mask.png")["click"])  # a likely click, x and y in pixels
```

`trust_remote_code` runs the code saved with the network. With the package `rclicks-hf` it is not
needed:

```python
from rclicks_hf import ClickabilityImageProcessor, ClickabilityModel

model = ClickabilityModel.from_pretrained("{title}").eval()
processor = ClickabilityImageProcessor.from_pretrained("{title}")
inputs = processor(image, object_mask, error_mask, return_tensors="pt")
click_map = processor.post_process_click_maps(model(**inputs), [object_mask.shape])[0]
```

In the first round the error mask is the object mask."""

_PLAIN = """\
---
library_name: transformers
pipeline_tag: {tag}
tags:
{tags}{base_line}
---

# {title}

{introduction}.
{note}
{use}

## Training

{start}Its training data and its scores were not recorded. Please describe them here.

{made}.
"""
_NOTE = f"""
{_SIMULATED} The network that this one was made from was trained or evaluated on
> clicks of simulated annotators, not on recorded clicks.
"""


def use_section(title: str) -> str:
    """The section that shows how to load the network of that name."""
    return _USE.replace("{title}", title)


def is_hub_id(name: str) -> bool:
    """Whether a name has the form ``namespace/name`` and is not a folder here."""
    return bool(_HUB_ID.fullmatch(name)) and not os.path.isdir(name)


def may_replace(card: str) -> bool:
    """Whether a card of the Hub was made by this package or is empty, so written by nobody."""
    return _MADE in card or _EMPTY in card


def with_hub_id(card: str, repo_id: str) -> str:
    """A card of this package with the id of its repo as title and in its code."""
    found = re.search(r"^# (.+)$", card, flags=re.MULTILINE)
    if _MADE not in card or found is None:
        return card
    old = found[1]
    head, rest = card[: found.start()], card[found.end() :]
    return f"{head}# {repo_id}" + rest.replace(f'"{old}"', f'"{repo_id}"')


def card_of_weights(card: str, digest: str, base: str) -> str:
    """The card that is true of weights with that digest: ``card`` or, without scores, a plain one.

    ``card`` is that of the place, ``base``, that the network was loaded from.
    """
    if digest and _MADE in card and f"sha256:{digest}" in card:
        return card
    is_simulated = _SIMULATED in card
    base_line = f"\nbase_model: {base}" if is_hub_id(base) else ""
    return _PLAIN.format(
        tag=PIPELINE_TAG,
        tags="\n".join(f"- {tag}" for tag in [*TAGS, *["simulated"] * is_simulated]),
        base_line=base_line,
        title="clickability",
        introduction=INTRODUCTION,
        note=_NOTE if is_simulated else "",
        use=use_section("clickability"),
        start=f"It was made from `{base}`. " if base_line else "",
        made=_MADE,
    )
