"""Fine-tune the mask decoder of a SAM or SAM 2 network with simulated clicks.

    cd rclicks-demo && python .../fine_tune_mask_decoder.py --out tuned

Prints how many clicks the network needs before and after, and how much that depends on who clicks.
`docs/fine_tune_a_segmenter.md` explains it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import SamConfig, SamModel, Trainer, TrainingArguments, set_seed
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from rclicks_hf import (
    ClickSimulator,
    load_click_model,
    load_instances,
    load_segmenter,
    run_benchmark,
)
from rclicks_hf.data import Instance
from rclicks_hf.report import benchmark_table, format_table
from rclicks_hf.segmenters.registry import segmenter_class


def tiny_network() -> SamModel:
    """A SAM with random weights that a CPU trains in a minute."""
    width, side, patch = 64, 128, 8
    vision = {
        "image_size": side,
        "patch_size": patch,
        "num_hidden_layers": 2,
        "hidden_size": 32,
        "num_attention_heads": 2,
        "global_attn_indexes": [1],
        "output_channels": width,
        "num_pos_feats": width // 2,
        "initializer_range": 0.1,  # layers this narrow learn little from smaller weights
        "scale": 1.0,  # of the frequencies of positions, as in the published networks
    }
    prompts = {
        "image_size": side,
        "patch_size": patch,
        "image_embedding_size": side // patch,
        "hidden_size": width,
    }
    decoder = {"hidden_size": width, "mlp_dim": 2 * width, "iou_head_hidden_dim": width}
    config = SamConfig(
        vision_config=vision,
        prompt_encoder_config=prompts,
        mask_decoder_config=decoder,
        initializer_range=0.1,
    )
    return SamModel(config)


def network_input(image: Tensor, side: int, keep_shape: bool) -> tuple[Tensor, tuple[int, int]]:
    """A (1, 3, H, W) uint8 image in the network's square input, and its size in there."""
    height, width = image.shape[2:]
    scale = side / max(height, width)
    resized = (round(height * scale), round(width * scale)) if keep_shape else (side, side)
    pixels = F.interpolate(image.float() / 255, resized, mode="bilinear", antialias=True)
    mean, std = torch.tensor(IMAGENET_DEFAULT_MEAN), torch.tensor(IMAGENET_DEFAULT_STD)
    pixels = (pixels - mean[:, None, None]) / std[:, None, None]
    return F.pad(pixels, (0, side - resized[1], 0, side - resized[0])), resized


class Objects(torch.utils.data.Dataset):
    """Objects with the embeddings of their images, which the frozen encoder makes once."""

    def __init__(self, instances: Sequence[Instance], model: Any):
        self._instances, self._model = instances, model
        self._images: dict[str, dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._instances)

    def __getitem__(self, index: int) -> dict[str, Any]:
        instance, model = self._instances[index], self._model
        if instance.image_stem not in self._images:
            image = torch.tensor(instance.image).permute(2, 0, 1)[None]
            side, keep_shape = model.prompt_encoder.input_image_size, isinstance(model, SamModel)
            pixels, resized = network_input(image, side, keep_shape)
            with torch.no_grad():
                embeddings = model.eval().get_image_embeddings(pixels.to(model.device))
            self._images[instance.image_stem] = {
                "image": image,
                "embeddings": embeddings,
                "resized": resized,
            }
        mask = torch.tensor(instance.object_mask > 0)[None]
        return {**self._images[instance.image_stem], "object_mask": mask}


class ClickTraining(nn.Module):
    """The loss of a network over a few simulated clicks on one object.

    The first click is in the object, each later one in the larger of the two errors (missing or
    too much); the network's last mask is a prompt from the second click of one sign on.
    """

    def __init__(self, model: Any, simulator: ClickSimulator, clicks: int, seed: int):
        super().__init__()
        self.model, self.clicks = model, clicks
        self._draw = simulator.sample
        self._kinds = (True,) if isinstance(model, SamModel) else (False, True)  # what is used
        self._generator = torch.Generator().manual_seed(seed)

    def forward(
        self, embeddings: Any, image: Tensor, object_mask: Tensor, resized: tuple[int, int]
    ) -> dict[str, Tensor]:
        """``image`` is (1, 3, H, W) uint8, ``object_mask`` (1, H, W) bool."""
        target = shrunk(object_mask, resized, self.model.prompt_encoder)
        scale = torch.tensor(resized[::-1]) / torch.tensor(object_mask.shape[:0:-1])
        drawn, previous = torch.zeros_like(object_mask), None
        places, signs, losses = [], [], []
        for _ in range(self.clicks):
            missing, extra = object_mask & ~drawn, drawn & ~object_mask
            is_positive = bool(missing.sum() >= extra.sum())
            error = missing if is_positive else extra
            error = error if error.any() else object_mask
            click = self._draw(image, object_mask, error, 1, generator=self._generator)[0, 0]
            places.append(click.cpu() * scale)
            signs.append(int(is_positive))
            is_fed = max(sum(signs), len(signs) - sum(signs)) > 1
            prompts = {
                "image_embeddings": embeddings,
                "input_points": torch.stack(places)[None, None].to(target),
                "input_labels": torch.tensor(signs, device=target.device)[None, None],
                "input_masks": previous if is_fed else None,
            }
            outputs = [self.model(**prompts, multimask_output=many) for many in self._kinds]
            losses += [mask_loss(o.pred_masks[0, 0], o.iou_scores[0, 0], target) for o in outputs]
            best = outputs[-1].iou_scores[0, 0].argmax()
            logits = outputs[-1].pred_masks[:, 0, best].detach()
            previous = logits[:, None]
            drawn = self._enlarge(logits, resized, object_mask.shape[1:]) > 0
        return {"loss": torch.stack(losses).mean()}

    def _enlarge(self, logits: Tensor, resized: tuple[int, int], shape: torch.Size) -> Tensor:
        side = self.model.prompt_encoder.input_image_size
        whole = F.interpolate(logits[:, None], side, mode="bilinear")
        return F.interpolate(whole[..., : resized[0], : resized[1]], shape, mode="bilinear")[:, 0]


def shrunk(object_mask: Tensor, resized: tuple[int, int], prompts: Any) -> Tensor:
    """(1, H, W) to (h, w) shares of object at the size of the network's masks."""
    side, mask_side = prompts.input_image_size, 4 * prompts.image_embedding_size[0]
    mask = F.interpolate(object_mask[:, None].float(), resized, mode="bilinear")
    mask = F.pad(mask, (0, side - resized[1], 0, side - resized[0]))
    return F.avg_pool2d(mask, side // mask_side)[0, 0]


def mask_loss(logits: Tensor, scores: Tensor, target: Tensor) -> Tensor:
    """Loss of the best of (M, h, w) masks, and of the M expected IoUs."""
    target = target.expand_as(logits)
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean((1, 2))
    shares = logits.sigmoid()
    dice = 1 - (2 * (shares * target).sum((1, 2)) + 1) / ((shares + target).sum((1, 2)) + 1)
    masks, objects = logits.detach() > 0, target > 0.5
    iou = (masks & objects).sum((1, 2)) / (masks | objects).sum((1, 2)).clamp(min=1)
    return (entropy + dice).min() + F.mse_loss(scores, iou)


def warm_up(model: SamModel, train: Sequence[Instance], given: argparse.Namespace) -> None:
    """Train a whole network on the baseline's first clicks, the same on every object."""
    sides = [(instance, step) for instance in train for step in (1, -1)]  # each mirrored too
    objects = [first_click(model, instance, step) for instance, step in sides]
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 2e-3, total_steps=given.warm_up, pct_start=0.1
    )
    model.train()
    for _ in range(given.warm_up):
        chosen = torch.randint(len(objects), (16,)).tolist()
        pixels, targets, places = (
            torch.stack(part) for part in zip(*(objects[i] for i in chosen), strict=True)
        )
        outputs = model(
            image_embeddings=model.vision_encoder(pixels).last_hidden_state,
            input_points=places[:, None, None],
            input_labels=torch.ones(len(places), 1, 1, dtype=torch.long),
        )
        made = zip(outputs.pred_masks[:, 0], outputs.iou_scores[:, 0], targets, strict=True)
        torch.stack([mask_loss(*one) for one in made]).mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        rates.step()


def first_click(model: Any, instance: Instance, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Input, target and the pixel of the object farthest from its border; mirrored by -1."""
    image = torch.tensor(instance.image[:, ::step].copy()).permute(2, 0, 1)[None]
    mask = instance.object_mask[:, ::step] > 0
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    pixels, resized = network_input(image, model.prompt_encoder.input_image_size, keep_shape=True)
    scale = torch.tensor(resized[::-1]) / torch.tensor(mask.shape[::-1])
    target = shrunk(torch.tensor(mask)[None], resized, model.prompt_encoder)
    return pixels[0], target, torch.tensor([int(column), int(row)]) * scale


def fine_tune(model: Any, train: Sequence[Instance], given: argparse.Namespace) -> None:
    """Train the mask decoder with `Trainer`; the encoders stay as they are."""
    model.requires_grad_(False)
    model.mask_decoder.requires_grad_(True)
    clicks: Any = load_click_model(given.clicks)
    simulator = ClickSimulator(clicks.model.to(model.device), clicks.processor)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=ClickTraining(model, simulator, given.clicks_per_object, given.seed),
            args=TrainingArguments(
                folder,
                max_steps=given.steps,
                per_device_train_batch_size=1,  # images and clicks differ in number and size
                gradient_accumulation_steps=4,
                learning_rate=given.learning_rate,
                warmup_steps=given.steps // 10,
                remove_unused_columns=False,
                dataloader_pin_memory=False,
                logging_strategy="no",
                save_strategy="no",
                report_to="none",
                seed=given.seed,
                disable_tqdm=given.steps < 50,
            ),
            train_dataset=Objects(train, model),
            data_collator=lambda objects: objects[0],
        )
        trainer.train()
    model.eval()


def count_clicks(name: str, model: Any, test: Sequence[Instance], given: argparse.Namespace) -> Any:
    """Rows of the benchmark's table."""
    results = run_benchmark(
        test,
        segmenter=segmenter_class(model.config.model_type)(model.eval(), name=name),
        click_model=given.clicks,
        runs=["base", *(f"g{group}" for group in given.groups)],
        num_proc=1,
        progress=False,
    )
    return benchmark_table(results, given.threshold)


def main(arguments: Sequence[str] | None = None) -> str:
    """Train and save the network; return the table of before and after."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--model",
        help="SAM or SAM 2 network: a folder or Hub id; None: tiny, random",
    )
    parser.add_argument(
        "--clicks",
        default="clickability-nano-simulated",
        help="clickability network that draws the clicks: a folder or Hub id",
    )
    parser.add_argument("--repo", default="rclicks", help="dataset repo: a folder or Hub id")
    parser.add_argument(
        "--dataset",
        default="simulated_scenes",
        help="source dataset to train and test on",
    )
    parser.add_argument("--out", type=Path, required=True, help="new folder for the tuned network")
    parser.add_argument(
        "--warm-up",
        type=int,
        default=60,
        help="warm-up steps of the tiny network (16 objects)",
    )
    parser.add_argument("--steps", type=int, default=80, help="fine-tuning steps (4 objects)")
    parser.add_argument("--clicks-per-object", type=int, default=3, help="simulated clicks")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument(
        "--groups",
        type=int,
        nargs="+",
        default=[*range(1, 11)],
        metavar="1..10",
        help="clicking groups of the benchmark",
    )
    parser.add_argument("--limit", type=int, default=6, help="number of test objects to benchmark")
    parser.add_argument("--threshold", type=float, default=0.3, help="IoU threshold of NoC, 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    given = parser.parse_args(arguments)
    if given.out.exists():
        parser.error(f"{given.out} exists; give another --out or remove it")
    set_seed(given.seed)
    loaded: Any = load_segmenter(given.model) if given.model else None
    model = loaded.model if loaded else tiny_network()
    train, held_out = (
        load_instances(given.repo, given.dataset, split=split, rounds="first")
        for split in ("train", "test")
    )
    test = list(held_out)[: given.limit]
    if loaded is None:
        warm_up(model, train, given)
    before = count_clicks("before", model, test, given)
    fine_tune(model, train, given)
    after = count_clicks("after", model, test, given)
    model.save_pretrained(given.out)
    first = "" if loaded else f", tiny network after {given.warm_up} steps of warm-up"
    return (
        f"Clicks to IoU {given.threshold:g} on {len(test)} objects (simulated clicks{first})\n"
        f"{format_table([*before, *after])}\n\n{given.out}"
    )


if __name__ == "__main__":
    print(main())
