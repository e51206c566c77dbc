"""Learning-rate schedules of the group's papers, as factors of the base rate for `LambdaLR`.

With S steps in the run, w of them warm-up, n = S - w (`then: fit`) or n = S (`then: shift`), and step t
counted from 0:

    t < w        (start + (1 - start) · t / w) · the value at t = w
    cosine       floor + (1 - floor) · ½ (1 + cos(π (t - w) / n))
    polynomial   floor + (1 - floor) · (1 - (t - w) / n)^power
    piecewise    the factor of the piece in which t (`fit`) or t - w (`shift`) lies
    constant     1

Sources: PP-LCNet (arXiv 2109.15099, §4.1: cosine with warm-up), PP-OCRv2 and v3 (arXiv 2109.03144,
2206.03001: cosine and piecewise, five warm-up epochs), PP-PicoDet (arXiv 2111.00902, §4: cosine after 300
steps from a tenth of the rate).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable

from sampan.training.options import ScheduleOptions

Factor = Callable[[int], float]


def schedule(options: ScheduleOptions, total_steps: int, steps_per_epoch: int) -> Factor:
    """The factor of the base learning rate at each optimizer step.

    Args:
        options: the schedule and its warm-up.
        total_steps: optimizer steps in the run, ≥ 1.
        steps_per_epoch: optimizer steps in an epoch, ≥ 1; turns lengths in epochs into steps.

    Returns:
        A function of the step (0 is the first) for `torch.optim.lr_scheduler.LambdaLR`.
    """
    warm_up = options.warm_up
    rise = 0
    if warm_up is not None:
        rise = warm_up.steps if warm_up.steps is not None else round((warm_up.epochs or 0) * steps_per_epoch)
    shift = warm_up is not None and warm_up.then == "shift"
    length = total_steps if shift else total_steps - rise
    boundaries = [round(epoch * steps_per_epoch) for epoch in options.boundaries]

    def main(step: int) -> float:
        passed = min(max(step - rise, 0) / max(length, 1), 1.0)
        if options.name == "cosine":
            return options.floor + (1 - options.floor) * 0.5 * (1 + math.cos(math.pi * passed))
        if options.name == "polynomial":
            return options.floor + (1 - options.floor) * math.pow(1 - passed, options.power)
        if options.name == "piecewise":
            return options.factors[bisect_right(boundaries, step - rise if shift else step)]
        return 1.0

    def factor(step: int) -> float:
        if step < rise and warm_up is not None:
            return (warm_up.start + (1 - warm_up.start) * step / rise) * main(rise)
        return main(step)

    return factor
