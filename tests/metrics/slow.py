"""Plain definitions that the fast functions are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, wraps
from itertools import pairwise, permutations

import numpy as np
from scipy.ndimage import binary_erosion
from scipy.stats import kstwobign, pearsonr, wasserstein_distance_nd


def sample_points(click_map, n, resamples=100, seed=42):
    click_map = np.asarray(click_map)
    p = (click_map / click_map.sum()).flatten()
    drawn = np.random.RandomState(seed).choice(p.size, size=resamples * n, p=p)
    y, x = np.unravel_index(drawn, click_map.shape)
    return x.reshape(resamples, n), y.reshape(resamples, n)


def quadrants(x0, y0, x, y):
    """Shares of the points in the four quadrants at (x0, y0)."""
    counts = [0, 0, 0, 0]
    for px, py in zip(x, y, strict=True):
        counts[2 * (px > x0) + (py > y0)] += 1
    return [count / len(x) for count in counts]


def largest_difference(x1, y1, x2, y2):
    largest = 0.0
    for x0, y0 in zip(x1, y1, strict=True):
        own, other = quadrants(x0, y0, x1, y1), quadrants(x0, y0, x2, y2)
        own[0] -= 1 / len(x1)  # the origin itself, which may be put into any quadrant
        for mine, theirs in zip(own, other, strict=True):
            largest = max(largest, mine + 1 / len(x1) - theirs, theirs - mine)
    return largest


def ks2d_pvalue(x1, y1, x2, y2):
    if min(len(set(points)) for points in (x1, y1, x2, y2)) == 1:
        return 0.0
    n = len(x1) * len(x2) / (len(x1) + len(x2))
    d = (largest_difference(x1, y1, x2, y2) + largest_difference(x2, y2, x1, y1)) / 2
    r = math.sqrt(max(0.0, 1 - (pearsonr(x1, y1)[0] ** 2 + pearsonr(x2, y2)[0] ** 2) / 2))
    return float(kstwobign.sf(d * math.sqrt(n) / (1 + r * (0.25 - 0.75 / math.sqrt(n)))))


def pl1_points(x1, y1, x2, y2, size):
    total = 0.0
    for ax, ay in zip(x1, y1, strict=True):
        for bx, by in zip(x2, y2, strict=True):
            total += abs(ax - bx) / size[0] + abs(ay - by) / size[1]
    return total / (len(x1) * len(x2))


def pl1_expected(click_map, x, y, size):
    """PL1 of clicks and every pixel, weighted by its probability."""
    total = 0.0
    for (row, column), weight in np.ndenumerate(np.asarray(click_map, float)):
        total += weight * pl1_points([column], [row], x, y, size)
    return total / float(np.asarray(click_map, float).sum())


def wd_points(x1, y1, x2, y2, size):
    one, other = np.column_stack((x1, y1)).astype(float), np.column_stack((x2, y2)).astype(float)
    if len(one) == len(other) <= 7:  # few enough to try every pairing
        pairs = np.hypot(*(one[:, None] - other).transpose(2, 0, 1))
        distance = pairs[range(len(one)), _orders(len(one))].sum(axis=1).min() / len(one)
    else:
        distance = wasserstein_distance_nd(one, other)
    return distance / math.sqrt(size[0] ** 2 + size[1] ** 2)


@cache
def _orders(n):
    return np.array(list(permutations(range(n))))


def nss(click_map, x, y):
    p = np.asarray(click_map, float) / (np.asarray(click_map, float).sum() + 1e-9)
    z = (p - p.mean()) / (p.std() + 1e-9)
    return float(np.mean([z[int(row), int(column)] for column, row in zip(x, y, strict=True)]))


def pde(click_map, x, y):
    p = np.asarray(click_map, float) / (np.asarray(click_map, float).sum() + 1e-9)
    return float(np.mean([p[int(row), int(column)] for column, row in zip(x, y, strict=True)]))


def remembered(function: Callable) -> Callable:
    """Not computed again for the same case: the testers of two metrics draw the same ones."""
    values = {}

    @wraps(function)
    def remember(*case):
        key = tuple((a.dtype.str, a.shape, a.tobytes()) for a in map(np.asarray, case))
        if key not in values:
            values[key] = function(*case)
        return values[key]

    return remember


def _resampled(score, click_map, x, y, *box):
    """Mean score of the clicks and 100 sets of as many points of the map."""
    sets = zip(*sample_points(click_map, len(x)), strict=True)
    return float(np.mean([score(x, y, xs, ys, *box) for xs, ys in sets]))


@remembered
def ks(click_map, x, y):
    return _resampled(lambda *points: ks2d_pvalue(*points) > 0.05, click_map, x, y)


@remembered
def pl1(click_map, x, y, size):
    return _resampled(pl1_points, click_map, x, y, size)


@remembered
def wd(click_map, x, y, size):
    return _resampled(wd_points, click_map, x, y, size)


def click_scores(click_map, x, y, size):
    """(KS, PL1, WD, NSS, PDE), each metric with its own draw."""
    case = (click_map, x, y)
    return ks(*case), pl1(*case, size), wd(*case, size), nss(*case), pde(*case)


def iou(mask, prediction):
    """IoU over pixels that are not -1."""
    both = either = 0
    for truth, guess in zip(np.ravel(mask), np.ravel(prediction), strict=True):
        if truth != -1:
            both += truth == 1 and bool(guess)
            either += truth == 1 or bool(guess)
    return both / either if either else 1.0


def band(mask, ratio):
    mask = np.asarray(mask, bool)
    d = max(1, round(ratio * math.hypot(*mask.shape)))
    eroded = binary_erosion(np.pad(mask, 1), np.ones((3, 3)), iterations=d)[1:-1, 1:-1]
    return mask & ~eroded


def boundary_iou(mask, prediction, ratio=0.02):
    mask = np.asarray(mask)
    truth = np.where(mask == -1, -1, band(mask == 1, ratio).astype(int))
    return iou(truth, band(prediction, ratio))


def noc(ious, threshold=0.9, max_clicks=20):
    for click, value in enumerate(ious[:max_clicks], start=1):
        if value >= threshold:
            return click
    return max_clicks


def area(ious):
    """Area under the IoU curve by the trapezoid rule, over its length."""
    return sum((a + b) / 2 for a, b in pairwise(ious)) / (len(ious) - 1)


def mean(values):
    return sum(values) / len(values)


def std(values):
    return math.sqrt(mean([(value - mean(values)) ** 2 for value in values]))


def sample_noc(group_ious):
    clicks = [[noc(ious) for ious in groups] for groups in group_ious]
    return mean([mean(row) for row in clicks]), mean([std(row) for row in clicks])


def delta_sb(group_ious, baseline_ious):
    ratios = []
    for groups, baseline in zip(group_ious, baseline_ious, strict=True):
        ratios.append((mean([noc(ious) for ious in groups]) - noc(baseline)) / noc(baseline))
    return 100 * mean(ratios)


def delta_gr(group_ious):
    return 100 * mean([(noc(g[0]) - noc(g[-1])) / noc(g[-1]) for g in group_ious])


def nsr(user_ious):
    """For instances of (methods, clicks)."""
    ratios = []
    for methods in user_ious:
        signal = mean([mean(list(ious)) for ious in methods])
        noise = mean([std(list(ious)) for ious in methods])
        ratios.append(noise / signal if signal else 0.0)
    return 100 * mean(ratios)
