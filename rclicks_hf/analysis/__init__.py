"""Analyses of the clicks themselves: who clicked, on what screen, and how much they agree.

Every analysis gives a row an instance, `summarise` their means with intervals. Names are imported
on first use (PEP 562).
"""

import lazy_loader

# Module of this package -> the names that it exports; imported on first use (PEP 562).
_EXPORTS = {
    "instances": ["ClickedInstance", "read_instances"],
    "two_samples": ["TwoSampleScores", "two_sample_scores"],
    "devices": ["compare_devices"],
    "display_modes": ["DISPLAY_MODES", "compare_display_modes", "read_previews"],
    "agreement": ["split_half_agreement"],
    "spread": ["ClickSpread", "click_spread", "spread_by_instance"],
    "sensitivity": ["ClickSensitivity", "click_sensitivity", "sensitivity_by_instance"],
    "measures": ["MEASURES", "Measure"],
    "summary": ["SummaryRow", "format_summary", "summarise"],
    "published": ["published_value"],
    "command": ["analyse_repo"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_EXPORTS)
