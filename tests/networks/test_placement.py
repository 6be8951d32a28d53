"""Devices, precision and batches of networks: what exists is used, what does not is one line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.tiny_networks import CLICK_MAP_FAMILIES, FAMILIES, save_tiny, tiny_segmenter

from rclicks_hf.click_models import load_click_model
from rclicks_hf.click_models.clickability import ClickabilityClickModel
from rclicks_hf.data import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.workers import plan_workers
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.networks.placement import (
    Batch,
    arithmetic,
    compile_part,
    find_device,
    find_dtype,
    put_on,
)
from rclicks_hf.segmenters import load_segmenter

IMAGE = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
CLICKS = [[Click(9, 9, True)], [Click(30, 20, True), Click(3, 3, False)]]
CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")


@pytest.fixture(scope="module")
def click_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clickability")
    torch.manual_seed(0)
    ClickabilityModel(ClickabilityConfig.from_preset("nano", image_size=64)).save_pretrained(folder)
    ClickabilityImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


def click_map(model: Any) -> np.ndarray:
    mask = np.zeros(IMAGE.shape[:2], bool)
    mask[10:30, 10:40] = True
    return model.click_map(IMAGE, mask, mask)


def test_a_device_that_does_not_exist_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device(None) == find_device("auto") == CPU
    with pytest.raises(RclicksError, match="device 'tpu': unknown; give auto, cpu"):
        find_device("tpu")
    with pytest.raises(RclicksError, match="device cuda: PyTorch finds no GPU; give cpu"):
        find_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("auto").type == "cuda"
    assert find_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(RclicksError, match="cuda:2: does not exist; there are 2, cuda:0 to cuda:1"):
        find_device("cuda:2")


def test_a_type_that_the_device_lacks_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_dtype("bfloat16", CPU) == torch.bfloat16

    def refuse(*args: Any, **options: Any) -> None:
        raise RuntimeError("not implemented for 'Half'")

    monkeypatch.setattr("rclicks_hf.networks.placement.F.conv2d", refuse)
    with pytest.raises(RclicksError, match="dtype float16: cpu does not compute in it; give flo"):
        find_dtype("float16", CPU)


@pytest.mark.parametrize("family", [*FAMILIES, *CLICK_MAP_FAMILIES])
def test_half_precision_is_used_and_gives_masks(family: str) -> None:
    found, features = [], []
    for dtype in ("float32", "bfloat16"):
        segmenter = tiny_segmenter(family, dtype=dtype, batch_size=2)
        state = segmenter.encode(IMAGE)
        first = segmenter.predict(state, CLICKS, [None, None])
        found.append(first[0].probability)
        features.append(getattr(state, "features", torch.zeros(1)).float())
    more = [[*clicks, Click(12, 11, True)] for clicks in CLICKS]
    again = segmenter.predict(state, more, [one.memory for one in first])
    for one in (*first, *again):
        assert one.probability.dtype == np.float32
        assert 0 <= one.probability.min() <= one.probability.max() <= 1
    assert family == "cdnet" or not np.array_equal(*found)  # of CDNet, callers see 0 and 1
    # The tiny networks choose between masks of almost equal scores, so only features are close.
    assert (features[0] - features[1]).norm() <= 0.05 * features[0].norm()


def test_a_click_model_in_half_precision(click_model_folder: Path) -> None:
    exact = click_map(load_click_model(str(click_model_folder), device="cpu"))
    half = click_map(load_click_model(str(click_model_folder), device="cpu", dtype="bfloat16"))
    assert half.dtype == np.float32
    assert 0 < np.abs(exact - half).max() < 0.1
    small = load_click_model(str(click_model_folder), batch_size=3)
    assert isinstance(small, ClickabilityClickModel)
    assert small.batch_size == 3
    np.testing.assert_array_equal(click_map(small), exact)


def test_options_of_models_that_are_no_networks(tmp_path: Path) -> None:
    for load, name in ((load_segmenter, "geocut"), (load_click_model, "dt")):
        with pytest.raises(RclicksError, match=f"{name}: dtype: only networks in PyTorch"):
            load(name, dtype="bfloat16")
        with pytest.raises(RclicksError, match="dtype 'int8': unknown; give float32"):
            load(name, dtype="int8")
        with pytest.raises(RclicksError, match="device 'gpu': unknown"):
            load(name, device="gpu")


def test_a_users_class_gets_the_options_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "placed_disks.py").write_text(
        "class Deaf:\n    name, threshold = 'deaf', 0.5\n"
        "    def encode(self, image): return None\n"
        "    def predict(self, state, clicks, previous): return []\n\n\n"
        "class Placed(Deaf):\n    def __init__(self, device='cpu'): self.device = device\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    placed: Any = load_segmenter("placed_disks:Placed", device="cuda:1")
    assert placed.device == "cuda:1"
    for name, value in (("device", "cpu"), ("batch_size", 2)):
        with pytest.raises(RclicksError, match=rf"Deaf: takes no {name}; give its __init__ the k"):
            load_segmenter("placed_disks:Deaf", **{name: value})  # type: ignore[arg-type]


def test_out_of_memory_halves_the_batch_once() -> None:
    batch, sizes = Batch(8), []

    def short_of_memory(limit: int) -> int:
        sizes.append(batch.size)
        if batch.size > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return batch.size

    assert batch.run(lambda: short_of_memory(4)) == 4
    assert batch.run(lambda: short_of_memory(4)) == 4
    assert sizes == [8, 4, 4]
    with pytest.raises(RclicksError, match="out of memory on the device with a batch size of 4"):
        batch.run(lambda: short_of_memory(2))


def test_a_network_goes_on_after_it_ran_out_of_memory(
    click_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = load_click_model(str(click_model_folder), device="cpu", batch_size=4)
    rng = np.random.default_rng(1)
    masks = [rng.random(IMAGE.shape[:2]) < 0.2 for _ in range(6)]
    expected = model.click_maps([IMAGE] * 6, masks, masks)
    forward, seen = model.model.forward, []

    def fails_once(*args: Any, **options: Any) -> Any:
        seen.append(len(options["error_mask"]))
        if len(seen) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(*args, **options)

    monkeypatch.setattr(model.model, "forward", fails_once)
    found = model.click_maps([IMAGE] * 6, masks, masks)
    assert seen == [4, 2, 2, 2]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_segmenter_goes_on_after_it_ran_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for family in ("sam", "ritm"):
        segmenter, failures = tiny_segmenter(family, batch_size=2), [1]
        state = segmenter.encode(IMAGE)
        expected = segmenter.predict(state, [CLICKS[0]] * 2, [None, None])
        logits = segmenter._logits

        def fails_once(*args: Any, failures: list[int] = failures, logits: Any = logits) -> Any:
            if failures:
                failures.pop()
                raise torch.OutOfMemoryError("CUDA out of memory")
            return logits(*args)

        monkeypatch.setattr(segmenter, "_logits", fails_once)
        found = segmenter.predict(state, [CLICKS[0]] * 2, [None, None])
        assert segmenter.batch_size == 1
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.probability, other.probability, atol=1e-3)


def test_a_gpu_without_memory_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Large(torch.nn.Linear):
        def to(self, *args: Any, **options: Any) -> Any:
            raise RuntimeError("CUDA error: out of memory\nCompile with TORCH_USE_CUDA_DSA")

    with pytest.raises(RclicksError, match="cuda:0: too little memory for the network; "):
        put_on(Large(1, 1), torch.device("cuda:0"))

    def full(gpu: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "mem_get_info", full)
    with pytest.raises(RclicksError, match=r"cuda:0: cannot be used .CUDA out of memory.; stop"):
        plan_workers(None, {}, "auto", uses_device=True)


def test_a_users_segmenter_that_ignores_the_device_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ignores.py").write_text(
        "import torch\n\n\nclass Ignores:\n    name, threshold = 'ignores', 0.5\n"
        "    def __init__(self, device='auto'): self.device = torch.device('cpu')\n"
        "    def encode(self, image): return None\n"
        "    def predict(self, state, clicks, previous): return []\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for device in ("cpu", "auto", None):
        load_segmenter("ignores:Ignores", device=device)
    with pytest.raises(RclicksError, match="Ignores: is on cpu, although --device cuda:1 was"):
        load_segmenter("ignores:Ignores", device="cuda:1")


def test_compiling_is_for_gpus(click_model_folder: Path) -> None:
    with pytest.raises(RclicksError, match="compile: needs a GPU, but the network is on cpu"):
        load_click_model(str(click_model_folder), device="cpu", compile=True)
    with pytest.raises(RclicksError, match="dt: compile: only networks in PyTorch take this"):
        load_click_model("dt", compile=True)


def test_a_compiled_part_takes_any_batch_and_a_failure_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    graphs: list[Any] = []

    def backend(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    part = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.GELU())
    batches = [torch.rand(count, 3) for count in (2, 3, 5, 8)]
    expected = [part(batch) for batch in batches]
    compiler = torch.compile
    monkeypatch.setattr(torch, "compile", partial(compiler, backend=backend))
    compile_part(part)
    for batch, values in zip(batches, expected, strict=True):
        torch.testing.assert_close(part(batch), values)
    assert len(graphs) == 2  # of one size, then of any

    def broken(graph: Any, inputs: Any) -> Any:
        raise RuntimeError("no C compiler\nmore lines")

    monkeypatch.setattr(torch, "compile", partial(compiler, backend=broken))
    part = torch.nn.Sequential(torch.nn.Linear(3, 3))
    values = part(batches[0])
    compile_part(part)
    with caplog.at_level("WARNING"):
        for _ in range(2):
            torch.testing.assert_close(part(batches[0]), values)
    [message] = [one for one in caplog.messages if "--compile" in one]
    assert "continuing without it" in message
    assert "\n" not in message


def test_32_bit_floats_on_a_gpu_are_never_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    switch = torch.backends.cudnn
    for before in (True, False):
        monkeypatch.setattr(switch, "allow_tf32", before)
        with arithmetic(CUDA, torch.float32):
            with ThreadPoolExecutor(1) as pool:  # the next image is encoded meanwhile
                pool.submit(lambda: arithmetic(CUDA, torch.float32).__enter__()).result()
                assert not switch.allow_tf32
                pool.submit(lambda: arithmetic(CUDA, torch.float32).__exit__(*[None] * 3)).result()
            assert not switch.allow_tf32
        assert switch.allow_tf32 == before
    monkeypatch.setattr(switch, "allow_tf32", True)
    with arithmetic(CPU, torch.float32):
        assert switch.allow_tf32  # a network on a CPU leaves the switch of the GPU alone


def test_switches_of_single_operations_are_left_alone() -> None:
    convolutions = torch.backends.cudnn.conv
    before = convolutions.fp32_precision
    convolutions.fp32_precision = "ieee"
    try:
        with arithmetic(CUDA, torch.float32):
            assert convolutions.fp32_precision == "ieee"
        assert convolutions.fp32_precision == "ieee"
    finally:
        convolutions.fp32_precision = before


@pytest.mark.gpu
def test_networks_on_a_gpu_agree_with_the_cpu(tmp_path: Path, click_model_folder: Path) -> None:
    save_tiny("sam", tmp_path / "sam")
    maps, masks = [], []
    for device in ("cpu", "cuda:0"):
        maps.append(click_map(load_click_model(str(click_model_folder), device=device)))
        segmenter = load_segmenter(str(tmp_path / "sam"), device=device)
        [found] = segmenter.predict(segmenter.encode(IMAGE), CLICKS[:1], [None])
        masks.append(found.probability)
    np.testing.assert_allclose(*maps, atol=1e-3)
    np.testing.assert_allclose(*masks, atol=1e-3)


@pytest.mark.gpu
def test_half_precision_on_a_gpu_is_close(click_model_folder: Path) -> None:
    exact = click_map(load_click_model(str(click_model_folder), device="cuda:0"))
    for dtype in ("bfloat16", "float16"):
        half = click_map(load_click_model(str(click_model_folder), device="cuda:0", dtype=dtype))
        assert 0 < np.abs(exact - half).max() < 0.1


@pytest.mark.gpu
def test_a_compiled_network_on_a_gpu_is_close(
    click_model_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain, compiled = (
        load_click_model(str(click_model_folder), device="cuda:0", compile=value)
        for value in (False, True)
    )
    masks = [np.random.default_rng(i).random(IMAGE.shape[:2]) < 0.3 for i in range(5)]
    for count in (1, 2, 5):
        given = [IMAGE] * count, masks[:count], masks[:count]
        for one, other in zip(plain.click_maps(*given), compiled.click_maps(*given), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-3)
    # PyTorch's compiler logs lines of its own.
    assert not [one.message for one in caplog.records if one.name.startswith("rclicks_hf")]


@pytest.mark.gpu
def test_maps_on_a_prepared_image_on_a_gpu(click_model_folder: Path) -> None:
    maps = []
    mask = np.zeros(IMAGE.shape[:2], bool)
    mask[10:30, 10:40] = True
    for device in ("cpu", "cuda:0"):
        model: Any = load_click_model(str(click_model_folder), device=device)
        [found] = model.on_image(IMAGE).boxed_maps([mask], [mask], [np.s_[10:30, 10:40]])
        maps.append(found.at(np.ones((20, 30), bool)))
    np.testing.assert_allclose(*maps, atol=1e-3)


@pytest.mark.gpu
def test_a_real_lack_of_memory_is_one_line() -> None:
    _, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction(0.01)
    try:
        with pytest.raises(RclicksError, match="too little memory for the network"):
            put_on(torch.nn.Linear(total // 400, 10, device="meta").to_empty(device="cpu"), CUDA)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
