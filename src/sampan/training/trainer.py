"""The trainer: runs any task by its options, keeps checkpoints, and goes on bit by bit after a kill.

One optimizer step (`_train`) is: for each of `accumulate` batches forward, loss, backward; then clip, step,
learning rate, average. Around it (`fit`): validate, checkpoint, log. Everything that the future depends on is
in the checkpoint (weights, optimizer, schedule, average, generators, place in the data), and everything else
is a function of (seed, epoch, step); so on one machine a resumed run ends with the very bits of an undisturbed
one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch.optim.lr_scheduler import LambdaLR

from sampan.training import checkpoint as checkpoints
from sampan.training.averaging import MovingAverage
from sampan.training.clipping import clipping
from sampan.training.curves import draw_curves
from sampan.training.devices import accelerator, distribute, without_synchronising
from sampan.training.evaluation import evaluate
from sampan.training.history import History
from sampan.training.journal import METRICS, Journal, read_events
from sampan.training.optimizers import freeze, optimizer, split_groups
from sampan.training.options import TrainOptions
from sampan.training.progress import RunProgress
from sampan.training.resume import Parts, gather, put_back
from sampan.training.sampling import Batch, TrainingData
from sampan.training.schedules import schedule
from sampan.training.start import MODEL, start_from, write_weights
from sampan.training.state import model_tensors, seed_all, to_device
from sampan.training.stopping import StopRequest
from sampan.training.task import Task, total_loss
from sampan.training.window import Window

CHECKPOINTS = "checkpoints"
CURVES = "curves.png"
REDRAW_SECONDS = 60


@dataclass
class Outcome:
    """How a run ended."""

    step: int
    finished: bool
    """False when it was asked to stop before its end; it can be resumed."""
    figures: dict[str, float] = field(default_factory=dict)
    """Of the best validation; empty when there was none."""
    best_step: int | None = None


class Trainer:
    """Trains one task in one folder.

    Args:
        task: what to train.
        options: how.
        folder: the run's; made if need be. A checkpoint in it is taken up.
        recipe: recorded in every checkpoint, and compared when one is taken up.
        console: where progress goes; None is silent.
        cpu: stay on the CPU.
        seconds: stop with a checkpoint after so long; None has no limit.

    Raises:
        OptionError: an option cannot be used with this task or machine.
        InputError: the data are too few, or the first weights do not fit.
    """

    def __init__(
        self,
        task: Task,
        options: TrainOptions,
        folder: Path,
        recipe: dict[str, Any] | None = None,
        console: Console | None = None,
        cpu: bool = False,
        seconds: float | None = None,
    ) -> None:
        self.task, self.options, self.folder = task, options, folder
        self._recipe, self._seconds = recipe or {}, seconds
        if options.deterministic:
            torch.use_deterministic_algorithms(True)
        place = self._place = accelerator(options, cpu)
        self._console = console if place.is_main_process else None
        seed_all(options.seed)
        plain = task.model()
        if options.start_from is not None:
            start_from(plain, options.start_from)
        freeze(plain, options.freeze)
        self.model = distribute(plain, options, place)
        plain = place.unwrap_model(self.model)
        groups = task.parameter_groups(plain, options.lr, options.weight_decay)
        steps = optimizer(options.optimizer, split_groups(groups, plain, options.rules), options.lr)
        self._optimizer = place.prepare_optimizer(steps)
        self._data = TrainingData(
            task, options.batch_size, options.accumulate, options.seed, options.workers,
            place.process_index, place.num_processes, pin=place.device.type == "cuda",
        )  # fmt: skip
        self._validation = task.validation_data()
        per_epoch = self._data.steps_per_epoch
        self.total_steps = options.steps or max(round((options.epochs or 0) * per_epoch), 1)
        self._validate_every = options.validate_steps or (
            max(round(options.validate_epochs * per_epoch), 1) if options.validate_epochs else None
        )
        self._parts = Parts(
            plain,
            self._optimizer.optimizer,
            LambdaLR(self._optimizer.optimizer, schedule(options.schedule, self.total_steps, per_epoch)),
            MovingAverage(plain, options.averaging) if options.averaging else None,
            clipping(options.clipping) if options.clipping else None,
            place,
        )
        self.step = self.epoch = self.position = 0  # position: steps done of the present epoch
        self._history = History(task.higher_is_better, options.early_stop)
        self._window = Window(place)
        self._drawn = time.monotonic()
        seed_all(options.seed + 7919 * (place.process_index + 1))  # each process its own dropout

    @property
    def is_main_process(self) -> bool:
        """Whether this process writes files."""
        return bool(self._place.is_main_process)

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        device: torch.device = self._place.device
        return device

    def fit(self) -> Outcome:
        """Trains to the end, or until it is asked to stop; takes up the folder's last checkpoint first.

        Raises:
            InputError: the checkpoint is damaged.
            OptionError: the checkpoint is of another recipe.
            SampanError: the loss is not a number.
        """
        main = self.is_main_process
        if main:
            (self.folder / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        self._place.wait_for_everyone()
        with self._window.outside():
            self._take_up()
        writes = self.options.tensorboard
        with (
            StopRequest(self._place, self._seconds) as stop,
            RunProgress(self.total_steps, self.step, self._console) as progress,
            Journal(self.folder, self.step, writes) if main else nullcontext() as journal,
        ):
            for batches in self._steps():
                self._train(batches)
                progress.step(self.step)
                last = self.step == self.total_steps
                if last or self.step % self.options.log_steps == 0:
                    self._log(journal, progress)
                validated = self._validate_if_due(journal, progress, last)
                self._end_epoch_if_due()
                asked = not last and stop.asked(self.step)
                steps = self.options.checkpoint_steps
                if validated or last or asked or (steps and self.step % steps == 0):
                    with self._window.outside():
                        self._save()
                if self._history.stalled or asked:
                    break
        finished = self.step >= self.total_steps or self._history.stalled
        if finished and main and self._validation is None:
            self._write_model()
        if main:
            self._draw()
        self._place.wait_for_everyone()
        best = self._history.best
        if best is None:
            return Outcome(self.step, finished)
        return Outcome(self.step, finished, best.figures, best.step)

    def validate(self) -> dict[str, float]:
        """The figures of the present weights, averaged if the run averages; empty without validation data."""
        if self._validation is None:
            return {}
        options, average = self.options, self._parts.average
        return evaluate(
            self.task,
            self.model,
            self._validation,
            self._place,
            options.validation_batch_size or options.batch_size,
            options.workers,
            average.applied() if average is not None else None,
        )

    def _steps(self) -> Iterator[list[Batch]]:
        """The batches of each step that is left, over the epochs."""
        while self.step < self.total_steps and not self._history.stalled:
            for batches in self._data.steps(self.epoch, self.position):
                yield batches
                if self.step >= self.total_steps:
                    return

    def _train(self, batches: list[Batch]) -> None:
        """One optimizer step."""
        self.model.train()
        for index, batch in enumerate(batches):
            batch = to_device(batch, self._place.device)
            more = index + 1 < len(batches)
            with without_synchronising(self.model, self._place, more):
                terms = self.task.losses(self.task.forward(self.model, batch), batch)
                loss = total_loss(terms)
                self._place.backward(loss / len(batches))
            self._window.add(loss, terms, batch)
        parts = self._parts
        if parts.clipping is not None:
            self._place.unscale_gradients(self._optimizer)
            self._window.norm = parts.clipping.clip(
                parameter for parameter in parts.model.parameters() if parameter.grad is not None
            )
        self._optimizer.step()
        self._optimizer.zero_grad()
        parts.schedule.step()
        if parts.average is not None and not self._place.optimizer_step_was_skipped:
            parts.average.update()
        self.step += 1
        self.position += 1

    def _end_epoch_if_due(self) -> None:
        if self.position >= self._data.steps_in(self.epoch):
            self.epoch, self.position = self.epoch + 1, 0
            if self._parts.average is not None:
                self._parts.average.end_epoch(self.epoch)

    def _epochs(self) -> float:
        return self.epoch + self.position / self._data.steps_in(self.epoch)

    def _log(self, journal: Journal | None, progress: RunProgress) -> None:
        figures = self._window.figures(self.step)
        figures["lr"] = float(self._parts.schedule.get_last_lr()[0])
        if journal is not None:
            journal.write("train", self.step, self._epochs(), figures)
        progress.figures(self.step, self._epochs(), figures["loss"], figures["items_per_second"])

    def _validate_if_due(self, journal: Journal | None, progress: RunProgress, last: bool) -> bool:
        every = self._validate_every
        if self._validation is None or not (last or (every and self.step % every == 0)):
            return False
        with self._window.outside():
            figures = self.validate()
        better = self._history.add(self.step, figures)
        if self._place.is_main_process and journal is not None:
            journal.write("validation", self.step, self._epochs(), figures)
        if better:
            self._write_model()
        text = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
        progress.say(f"step {self.step}  validation: {text}{'  (best)' if better else ''}")
        return True

    def _write_model(self) -> None:
        """The weights for use: averaged if the run averages. Every process must come here."""
        average = self._parts.average
        with average.applied() if average is not None else nullcontext():
            tensors = model_tensors(self._parts.model)
            if self.is_main_process:  # inside the block: the tensors are the model's own memory
                write_weights(self.folder / MODEL, tensors, self.task.deploy)

    def _save(self) -> None:
        self._window.check(self.step)
        counters = {
            "epoch": self.epoch,
            "position": self.position,
            "history": self._history.as_data(),
            "recipe": self._recipe,
        }
        gathered = gather(self._parts, self.step, counters)
        if self._place.is_main_process:
            folder = self.folder / CHECKPOINTS
            checkpoints.write(folder, gathered)
            checkpoints.prune(
                folder, self.options.keep_last, self._history.best_steps(self.options.keep_best)
            )
            if time.monotonic() - self._drawn > REDRAW_SECONDS:
                self._draw()
        self._place.wait_for_everyone()

    def _draw(self) -> None:
        draw_curves(read_events(self.folder / METRICS), self.folder / CURVES)
        self._drawn = time.monotonic()

    def _take_up(self) -> None:
        path = checkpoints.latest(self.folder / CHECKPOINTS)
        if path is None:
            return
        kept = checkpoints.read(path)
        put_back(self._parts, kept, path, self._recipe)
        self.step, self.epoch, self.position = kept.step, kept.state["epoch"], kept.state["position"]
        self._history.restore(kept.state["history"])
        if self._console is not None:
            self._console.print(f"going on from {path} (step {self.step})", highlight=False, soft_wrap=True)
            threads = kept.state["threads"]
            if threads != torch.get_num_threads():
                self._console.print(
                    f"the checkpoint was made with {threads} threads and this process has "
                    f"{torch.get_num_threads()}: the last bits of the weights may differ",
                    soft_wrap=True,
                )
