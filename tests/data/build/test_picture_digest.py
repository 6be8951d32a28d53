"""What the digest of pictures and masks covers, and where a build keeps it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rclicks_hf import data
from rclicks_hf.data.build.picture_digest import PictureDigest
from rclicks_hf.data.build.verify import verify_dataset
from rclicks_hf.data.fingerprint import pictures_fingerprint
from rclicks_hf.simulation import simulate_rounds
from rclicks_hf.support.hub_cards.card_header import CARD

NAME = "simulated_scenes"
IMAGE = np.random.default_rng(0).integers(0, 255, (9, 12, 3)).astype(np.uint8)
MASK = np.zeros((9, 12), np.int8)
MASK[2:5, 3:8] = 1


def _encoded(image: np.ndarray, form: str = "PNG", **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, form, **options)
    return buffer.getvalue()


def _digest(*instances: tuple[str, bytes, np.ndarray]) -> str:
    digest = PictureDigest()
    for stem, image, mask in instances:
        digest.add(stem, stem, image, mask)
    return digest.hexdigest()


def test_encoding_and_order_do_not_count_but_every_pixel_does() -> None:
    small, large = (_encoded(IMAGE, compress_level=level) for level in (9, 0))
    assert small != large
    same = _digest(("a", small, MASK))
    assert same == _digest(("a", large, MASK.astype(bool)))
    assert _digest(("a", small, MASK), ("b", small, MASK)) == _digest(
        ("b", small, MASK), ("a", small, MASK)
    )
    brighter, moved = IMAGE.copy(), MASK.copy()
    brighter[0, 0, 0] ^= 1
    moved[0, 0] = -1
    others = [
        _digest(("a", _encoded(brighter), MASK)),
        _digest(("a", small, moved)),
        _digest(("b", small, MASK)),
        _digest(("a", small, MASK.reshape(12, 9))),
        _digest(("a", _encoded(IMAGE, "JPEG"), MASK)),
        _digest(("a", _encoded(IMAGE, "JPEG", quality=30), MASK)),
    ]
    assert len({same, *others}) == 7
    assert PictureDigest().hexdigest() == ""


def _build(out: Path, *, seed: int = 0, value: int = 255) -> Path:
    source = data.MemoryStore()
    for stem in ("a", "b"):
        image = np.zeros((24, 32, 3), np.uint8)
        image[6:18, 8:20] = value
        source.add(stem, image, {"": image[..., 0] > 0})
    rounds = simulate_rounds(source, dataset=NAME, seed=seed, progress=False)
    stores = {NAME: data.StoreWithPrevious(source, rounds.previous_masks)}
    splits = {NAME: dict.fromkeys(("a", "b"), "test")}
    data.build_dataset(rounds.clicks, stores, out, splits=splits, progress=False)
    return out


def test_builds_of_the_same_pictures_agree_whatever_the_clicks(tmp_path: Path) -> None:
    first, second, other = (
        _build(tmp_path / "first"),
        _build(tmp_path / "second", seed=1),
        _build(tmp_path / "other", value=254),
    )
    found = pictures_fingerprint(str(first), NAME, "test")
    assert len(found) == 64
    assert pictures_fingerprint(str(second), NAME, "test") == found
    assert pictures_fingerprint(str(other), NAME, "test") not in (found, "")
    assert f"pictures test {found}" in " ".join((first / CARD).read_text().split())
    assert pictures_fingerprint(str(first), NAME, "train") == ""
    assert str(verify_dataset(first))


def test_the_hub_s_card_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = _build(tmp_path / "built")
    monkeypatch.setattr(
        "rclicks_hf.data.fingerprint.hf_hub_download", lambda *args, **kwargs: str(built / CARD)
    )
    found = pictures_fingerprint("user/rclicks", NAME, "test")
    assert found == pictures_fingerprint(str(built), NAME, "test")

    def offline(*args: object, **kwargs: object) -> str:
        raise OSError("offline")

    monkeypatch.setattr("rclicks_hf.data.fingerprint.hf_hub_download", offline)
    assert pictures_fingerprint("user/rclicks", NAME, "test") == ""
