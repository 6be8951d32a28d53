"""What a browser may send: only an honest click on the picture that is shown now counts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.study_folder import write_study

pytest.importorskip("gradio")

from rclicks_hf.errors import RclicksError
from rclicks_hf.space.collect.clicks import new_code
from rclicks_hf.space.collect.page import StudyVisit, begin_visit, show_next, take_click
from rclicks_hf.space.collect.study import Study, open_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return open_study(write_study(tmp_path, 2))


def sent(visit: StudyVisit, **changes: Any) -> dict[str, Any]:
    return {"token": visit.token, "x": 5, "y": 6, "pointer": "mouse", "ms": 300} | changes


def test_clicks_until_the_last_object(study: Study) -> None:
    visit, html = show_next(study, begin_visit(study, new_code()))
    assert visit.size == (64, 48)
    assert f'data-token="{visit.token}"' in html
    visit = take_click(study, visit, sent(visit))
    visit, _ = show_next(study, visit)
    visit = take_click(study, visit, sent(visit, x=63, y=47.0, pointer="touch"))
    done, html = show_next(study, visit)
    assert (done.task, html) == (None, "")
    kept = study.recorded(visit.code)
    assert [(one.x, one.y, one.pointer) for one in kept] == [(5, 6, "mouse"), (63, 47, "touch")]
    again = begin_visit(study, visit.code)
    assert list(again.clicks) == kept


def test_invalid_clicks_on_a_picture_are_refused(study: Study) -> None:
    visit, _ = show_next(study, begin_visit(study, new_code()))
    wrong: list[Any] = [
        None, "x", [], {}, sent(visit, token="other"), sent(visit, token=None),
        sent(visit, token="\ud800"), sent(visit, x=64), sent(visit, x=-1), sent(visit, y=48),
        sent(visit, x=math.nan), sent(visit, y=math.inf), sent(visit, x="5"), sent(visit, x=True),
        sent(visit, x=None), sent(visit, x=1e300), sent(visit, pointer="eye"),
        sent(visit, pointer=["mouse"]), sent(visit, ms=-1), sent(visit, ms=1e12),
        {key: value for key, value in sent(visit).items() if key != "ms"},
    ]  # fmt: skip
    for message in wrong:
        with pytest.raises(ValueError, match=r"."):
            take_click(study, visit, message)
    with pytest.raises(ValueError, match="no picture is shown"):
        take_click(study, None, sent(visit))
    assert study.recorded(visit.code) == []


def test_a_second_click_on_a_picture_that_has_gone_is_refused(study: Study) -> None:
    visit, _ = show_next(study, begin_visit(study, new_code()))
    first = sent(visit)
    visit, _ = show_next(study, take_click(study, visit, first))
    with pytest.raises(ValueError, match="another picture"):
        take_click(study, visit, first)
    assert len(study.recorded(visit.code)) == 1


def test_two_tabs_of_one_annotator_do_not_click_twice(study: Study) -> None:
    first, _ = show_next(study, begin_visit(study, new_code()))
    second, _ = show_next(study, begin_visit(study, first.code))
    assert first.task == second.task
    take_click(study, first, sent(first))
    with pytest.raises(RclicksError, match="before"):
        take_click(study, second, sent(second))
    assert len(study.recorded(first.code)) == 1


def test_a_preview_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = open_study(None)
    visit, _ = show_next(study, begin_visit(study, new_code()))
    visit = take_click(study, visit, sent(visit))
    assert len(visit.clicks) == 1
    assert begin_visit(study, visit.code).clicks == ()
    assert list(tmp_path.iterdir()) == []


def test_a_description_is_text_not_markup(study: Study) -> None:
    text = '<img src=x onerror="alert(1)">${1}{{2}}'
    stems = ('picture, "0"', 'picture, "1"')
    described = replace(study, modes=("Text_Description",), descriptions=dict.fromkeys(stems, text))
    _, html = show_next(described, begin_visit(described, new_code()))
    assert "onerror=&quot;" in html
    assert "<img src=x" not in html
    assert "${" not in html
