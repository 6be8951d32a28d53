"""transformers' own common tests of models and configurations, run on both networks.

They are in the source distribution of transformers, not in its wheel. pip downloads the one of the
installed version to the temporary folder, unless RCLICKS_TRANSFORMERS_SDIST names it.
Run: python tests/networks/run_transformers_common_tests.py [-v] [PART OF A NAME]
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import unittest
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from helpers.transformers_sdist import NotThereError, fetch_sdist, import_tests

from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel
from rclicks_hf.networks.saliency import SaliencyConfig, SaliencyModel

# What the two test files import from folders that the sdist leaves out.
STAND_INS: dict[str, dict[str, Any]] = {
    "exporters": {},
    "exporters.test_export": {"ExportTesterMixin": type("ExportTesterMixin", (), {})},
    "generation": {},
    "generation.test_utils": {"GenerationTesterMixin": type("GenerationTesterMixin", (), {})},
    "utils": {},
    "utils.test_configuration_utils": {
        "config_common_kwargs": {
            "return_dict": False,
            "output_hidden_states": True,
            "output_attentions": True,
            "dtype": "float16",
            "chunk_size_feed_forward": 5,
            "architectures": ["Model"],
            "id2label": {0: "label"},
            "label2id": {"label": 0},
            "problem_type": "regression",
        }
    },
}

# Pattern of the reasons with which common tests skip themselves, or the name of one that does not
# -> why it does not apply. A test that skips itself for any other reason counts as failed.
NO_HARDWARE = "needs hardware, libraries or time that the tests of this package do not ask for"
NO_LANGUAGE = "is about networks that read or write text"
NO_PARTS = "is about networks made of several networks with configurations of their own"
NO_FEATURE = "is about a feature that neither network declares"
NOT_APPLICABLE = {
    "test requires|test is slow": NO_HARDWARE,
    "language modeling|base_model_class|output_router_logits|sparse experts|inputs_embeds"
    "|sliding window|test_resize_embeddings|grouped_mm": NO_LANGUAGE,
    "not composite|not a composite|No subconfigs": NO_PARTS,
    "keep_in_fp32|TP plan|No conversion found|have position embeddings": NO_FEATURE,
    "SaliencyModel does not support SDPA": NO_PARTS,  # the message of a test for composite ones
    "ClickabilityModel does not support SDPA|setting its attention dynamically": "is about "
    "attention with several implementations; the clickability network attends by convolution",
    "not configured to run training|training tests": "trains; the saliency network has no loss, "
    "because its published weights are used as they are",
    "test_model_get_set_embeddings": "asks for an `nn.Embedding`; an image goes into a convolution",
    "test_num_layers_is_small": "allows 2 layers; the saliency network has 3 encoders",
}


class _Tester:
    """What the common tests read about a network."""

    batch_size = 2
    is_training = True

    def prepare_config_and_inputs_for_common(self) -> tuple[Any, dict[str, torch.Tensor]]:
        return self.get_config(), self.get_inputs(torch.Generator().manual_seed(0))

    def get_config(self) -> Any:
        raise NotImplementedError

    def get_inputs(self, generator: torch.Generator) -> dict[str, torch.Tensor]:
        raise NotImplementedError


class ClickabilityTester(_Tester):
    num_hidden_layers = 2
    # Attention is a map (C, H, W) where the common tests expect (heads, queries, keys), and a
    # hidden state is one where they expect (positions, channels): the sizes of the first stage.
    num_attention_heads, seq_length, hidden_size = 16, 8, 8

    def get_config(self) -> ClickabilityConfig:
        return ClickabilityConfig.from_preset(
            "nano",
            hidden_sizes=(16, 24),
            depths=(1, 1),
            mlp_ratios=(2, 2),
            head_channels=16,
            num_groups=4,
            image_size=32,
        )

    def get_inputs(self, generator: torch.Generator) -> dict[str, torch.Tensor]:
        masks = (torch.rand(2, self.batch_size, 1, 32, 32, generator=generator) > 0.5).float()
        return {
            "pixel_values": torch.randn(self.batch_size, 3, 32, 32, generator=generator),
            "object_mask": masks[0],
            "error_mask": masks[1],
        }


class SaliencyTester(_Tester):
    is_training = False
    num_attention_heads, seq_length, hidden_size = 2, 4, 16  # of the deepest stage, which is first
    num_hidden_layers, expected_num_hidden_layers = 3, 3  # one per stage, without the inputs

    def get_config(self) -> SaliencyConfig:
        return SaliencyConfig(
            image_size=(64, 64),
            stem_channels=4,
            depths=(1, 1, 1, 1),
            hidden_sizes=(16, 16, 8),
            num_attention_heads=(2, 4, 2),
            intermediate_sizes=(16, 16, 8),
            num_hidden_layers=1,
            decoder_sizes=(8, 8, 4, 4),
        )

    def get_inputs(self, generator: torch.Generator) -> dict[str, torch.Tensor]:
        return {"pixel_values": torch.rand(self.batch_size, 3, 64, 64, generator=generator)}


def make_cases(modeling: Any, configuration: Any) -> dict[str, type[unittest.TestCase]]:
    """A test case per network."""
    networks: dict[str, tuple[type[_Tester], Any, Any]] = {
        "clickability": (ClickabilityTester, ClickabilityModel, ClickabilityConfig),
        "saliency": (SaliencyTester, SaliencyModel, SaliencyConfig),
    }
    return {
        name: _case(name, tester(), model, config, modeling, configuration)
        for name, (tester, model, config) in networks.items()
    }


def _case(
    name: str, tester: _Tester, model: Any, config: Any, modeling: Any, configuration: Any
) -> type[unittest.TestCase]:
    class Case(modeling.ModelTesterMixin, unittest.TestCase):  # type: ignore[misc, name-defined]
        all_model_classes = (model,)
        test_resize_embeddings = False
        test_can_init_all_missing_weights_before_2023 = True

        def setUp(self) -> None:
            self.model_tester = tester

        def _prepare_for_class(
            self, inputs: Any, model_class: Any, return_labels: Any = False
        ) -> Any:
            prepared = super()._prepare_for_class(inputs, model_class)
            if return_labels and "object_mask" in inputs:  # the saliency network has no loss
                prepared["labels"] = torch.ones_like(prepared["object_mask"])
            return prepared

        def test_config(self) -> None:
            given = tester.get_config()
            fields = {key: getattr(given, key) for key in config.__annotations__}
            fields = {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}
            common = configuration.ConfigTester(
                self,
                config_class=config,
                has_text_modality=False,
                common_properties=["hidden_sizes", "depths", "num_hidden_layers", "image_size"],
                **fields,
            )
            common.run_common_tests()

    for test in NOT_APPLICABLE:
        if hasattr(Case, test):
            setattr(Case, test, unittest.skip(test)(getattr(Case, test)))
    Case.__name__ = Case.__qualname__ = name
    return Case


def run(cases: dict[str, type[unittest.TestCase]], pattern: str, verbosity: int) -> bool:
    """Run the tests whose name has the pattern, print why others do not apply; True if all hold."""
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{pattern}*"]
    suite = unittest.TestSuite(map(loader.loadTestsFromTestCase, cases.values()))
    result = unittest.TextTestRunner(verbosity=verbosity).run(suite)
    unknown = 0
    left_out: dict[str, set[str]] = {}
    for test, given in result.skipped:
        found = (why for words, why in NOT_APPLICABLE.items() if re.search(words, given))
        why = next(found, f"NOT IN THE TABLE: {given}")
        unknown += why.startswith("NOT")
        left_out.setdefault(why, set()).add(re.sub(r"^\w+\.| .*", "", test.id()))
    for why, tests in sorted(left_out.items()):
        print(f"{len(tests)} do not apply, because each {why}")
        if verbosity > 1:
            print(*sorted(tests), sep="\n", end="\n\n")
    return result.wasSuccessful() and result.testsRun > 0 and not unknown


def main() -> int:
    """The script: 0 if all passed, 1 if not, and 0 with the reason if they cannot be had."""
    parser = argparse.ArgumentParser(description="transformers' common tests on both networks")
    parser.add_argument("pattern", nargs="?", default="", help="part of the names of tests")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    try:
        modules = import_tests(
            fetch_sdist(), STAND_INS, "test_modeling_common", "test_configuration_common"
        )
    except NotThereError as reason:
        print(f"skipped: {reason}")
        return 0
    torch.set_num_threads(1)
    return int(not run(make_cases(*modules), options.pattern, 2 if options.verbose else 1))


if __name__ == "__main__":
    sys.exit(main())
