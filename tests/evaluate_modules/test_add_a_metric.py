"""The worked example of ``docs/add_a_metric.md`` runs as it is written."""

from __future__ import annotations

import doctest
import re
import runpy
from types import SimpleNamespace

import evaluate
from helpers import metric_tester

from rclicks_hf import metrics
from rclicks_hf.metrics import click_counts


def test_the_example_is_true(repo, tmp_path, monkeypatch):
    page = (repo / "docs" / "add_a_metric.md").read_text(encoding="utf-8")
    [own_card] = re.findall(r"^````markdown\n(.*?)^````", page, re.MULTILINE | re.DOTALL)
    page = page.replace(own_card, "")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    function, row, module, test = blocks

    names = dict(vars(click_counts))
    exec(function, names)
    monkeypatch.setattr(metrics, "first_iou", names["first_iou"], raising=False)
    info = eval(row, {"MetricInfo": metrics.MetricInfo})
    monkeypatch.setitem(metrics.METRICS, info.name, info)

    folder = tmp_path / info.module
    folder.mkdir()
    (folder / f"{info.module}.py").write_text(module, encoding="utf-8")
    card = runpy.run_path(str(repo / "metrics" / "write_cards.py"))["card"](info, own_card)
    assert card.startswith("---\ntitle: IoU after the first click (IoU@1)\nemoji: 🥇\n")
    example = doctest.DocTestParser().get_doctest(
        "\n".join(re.findall(r"```python\n(.*?)```", card, re.DOTALL)), {}, "card", None, 0
    )
    monkeypatch.chdir(tmp_path)
    assert doctest.DocTestRunner().run(example).failed == 0
    loaded = evaluate.load(str(folder), cache_dir=str(tmp_path / "cache"))
    assert loaded.description == info.description

    tester_names = {**vars(metric_tester), "BAD_IOUS": [((["a"],), "real numbers")] * 3}
    exec(test, tester_names)
    tester = tester_names["TestFirstIoU"]()
    tests = [name for name in dir(tester) if name.startswith("test_")]
    assert len(tests) == 5
    for name in tests:
        wants_slow = name == "test_it_equals_its_plain_definition"
        getattr(tester, name)(*[SimpleNamespace()] * wants_slow)
