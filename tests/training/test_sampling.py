"""Which items make which batch."""

from collections.abc import Iterable

import pytest
import torch
from tests.training.toy import ToyData, ToyOptions, ToyTask

from sampan.errors import InputError
from sampan.training.sampling import TrainingData, validation_batches


class Numbered(ToyTask):
    """Items are their own numbers and the epoch that they are read in."""

    def train_data(self) -> "Numbers":
        return Numbers(self.options.data.items)


class Numbers(torch.utils.data.Dataset):
    def __init__(self, items: int) -> None:
        self.items, self.epoch = items, -1

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.items

    def __getitem__(self, index: int) -> dict[str, int]:
        return {"index": index, "epoch": self.epoch}


def task(items: int, kind: type[ToyTask] = Numbered) -> ToyTask:
    return kind(ToyOptions(data=ToyData(items=items, validation_items=items)))


def indices(steps: Iterable[list[dict[str, torch.Tensor]]]) -> list[list[int]]:
    return [[i for batch in step for i in batch["index"].tolist()] for step in steps]


def test_an_epoch_has_every_item_once_but_the_last_broken_batch() -> None:
    data = TrainingData(task(50), batch_size=8, accumulate=1, seed=3)
    seen = [i for step in indices(data.steps(0, 0)) for i in step]
    assert len(seen) == len(set(seen)) == 48
    assert data.steps_per_epoch == 6


def test_epochs_and_seeds_differ_and_repeat() -> None:
    def order(seed: int, epoch: int) -> list[list[int]]:
        return indices(TrainingData(task(64), 8, 1, seed).steps(epoch, 0))

    orders = [order(seed, epoch) for seed in range(3) for epoch in range(3)]
    assert all(one != other for i, one in enumerate(orders) for other in orders[:i])
    assert order(2, 1) == orders[7]


@pytest.mark.parametrize(("start", "workers"), [(0, 0), (1, 0), (3, 0), (4, 0), (1, 2)])
def test_a_later_start_gives_the_tail(start: int, workers: int) -> None:
    whole = indices(TrainingData(task(60), 5, 3, 1).steps(2, 0))
    assert indices(TrainingData(task(60), 5, 3, 1, workers=workers).steps(2, start)) == whole[start:]


def test_steps_gather_batches_and_the_last_has_what_is_left() -> None:
    steps = list(TrainingData(task(50), 5, 4, 0).steps(0, 0))
    assert [len(step) for step in steps] == [4, 4, 2]


def test_processes_share_the_batches_and_have_equally_many() -> None:
    parts = [indices(TrainingData(task(70), 8, 1, 5, rank=rank, world=3).steps(0, 0)) for rank in range(3)]
    assert [len(part) for part in parts] == [2, 2, 2]
    seen = [i for part in parts for step in part for i in step]
    assert len(seen) == len(set(seen)) == 48
    alone = indices(TrainingData(task(70), 8, 1, 5).steps(0, 0))
    assert alone[:6] == [parts[i % 3][i // 3] for i in range(6)]


def test_the_data_set_knows_the_epoch() -> None:
    data = TrainingData(task(16), 8, 1, 0)
    for epoch in (4, 2):
        assert {int(e) for step in data.steps(epoch, 0) for e in step[0]["epoch"]} == {epoch}


def test_the_global_generator_does_not_notice() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    list(TrainingData(task(16), 8, 1, 0).steps(0, 0))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_task_can_choose_its_batches() -> None:
    class Choosing(Numbered):
        def batch_sampler(self, dataset: Numbers, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
            return [[i, epoch] for i in range(3 + epoch)]

    data = TrainingData(task(20, Choosing), 8, 2, 0)
    assert indices(data.steps(1, 1)) == [[2, 1, 3, 1]]
    assert [data.steps_in(epoch) for epoch in range(3)] == [2, 2, 3]


def test_too_few_items_are_named() -> None:
    with pytest.raises(InputError, match=r"have 5 items.*batch of 8.*train\.batch_size"):
        TrainingData(task(5), 8, 1, 0)


def test_validation_has_every_item_in_order_and_shares_them() -> None:
    numbered = task(11)
    whole = [i for b in validation_batches(numbered, Numbers(11), 4, 0) for i in b["index"].tolist()]
    assert whole == list(range(11))
    part = [i for b in validation_batches(numbered, Numbers(11), 4, 0, 1, 3) for i in b["index"].tolist()]
    assert part == [1, 4, 7, 10]


def test_an_epoch_is_planned_once_however_often_its_length_is_asked() -> None:
    class Counting(Numbered):
        planned = 0

        def batch_sampler(self, dataset: Numbers, batch_size: int, seed: int, epoch: int) -> None:
            Counting.planned += 1

    data = TrainingData(task(64, Counting), 8, 1, 0)
    for _ in range(100):
        assert data.steps_in(1) == 8
    assert Counting.planned == 2  # epochs 0 and 1
