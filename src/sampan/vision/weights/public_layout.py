"""Names of tensors in the public safetensors layout, mapped to ours and back by one table.

The public layout is that of the Hugging Face `transformers` classes, in which the Paddle group publishes its
PyTorch weights. A table is a list of name pairs in which `{}` stands for a number that both sides share:

    Layout(("encoder.convolution", "stem"), ("encoder.blocks.{}.layers.{}", "stages.{}.{}"))

The public files hold some re-parameterised blocks in fused form (`FUSED_IN_PUBLIC`): those are put into the training
form by the block's `load_fused`, and fused on the way out. Reading safetensors executes nothing.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from sampan.errors import WeightsError
from sampan.vision.blocks.rep import DilatedReparam, RepDepthwise

FUSED_IN_PUBLIC = (RepDepthwise, DilatedReparam)
_COUNTER = "num_batches_tracked"
_MEND = "Is it another size of the model, or has the model been fused?"


class Layout:
    """A table of (public, ours) name prefixes; the first that fits a key decides, so longer ones stand first."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = pairs
        self._to_own = [(_pattern(public), own) for public, own in pairs]
        self._to_public = [(_pattern(own), public) for public, own in pairs]

    def __add__(self, other: Layout) -> Layout:
        return Layout(*self.pairs, *other.pairs)

    def under(self, public: str, own: str) -> Layout:
        """The same table one level down: `under("model.backbone", "backbone")`."""
        return Layout(*((_join(public, theirs), _join(own, ours)) for theirs, ours in self.pairs))

    def own(self, key: str) -> str:
        """Our name of a public key; a key that no pair fits keeps its name."""
        return _rename(key, self._to_own)

    def public(self, key: str) -> str:
        """The public name of one of our keys."""
        return _rename(key, self._to_public)


def load_public(model: nn.Module, state: Mapping[str, Tensor], layout: Layout) -> None:
    """Copy tensors in the public layout into `model`, which must be in training form.

    Raises WeightsError that names what is missing, left over or of another shape.
    """
    own = {layout.own(key): tensor for key, tensor in state.items() if not key.endswith(_COUNTER)}
    for name, module in model.named_modules():
        if isinstance(module, FUSED_IN_PUBLIC) and f"{name}.weight" in own:
            module.load_fused(*take_kernel(own, name, module.kernel_like().shape))
            own |= {f"{name}.{key}": tensor for key, tensor in _weights(module).items()}
    _check(_weights(model), own)
    model.load_state_dict(own, strict=False)


def public_state(model: nn.Module, layout: Layout) -> dict[str, Tensor]:
    """The model's tensors in the public layout, detached copies on the CPU; the model itself is not changed."""
    published = copy.deepcopy(model)
    for module in published.modules():
        if isinstance(module, FUSED_IN_PUBLIC):
            module.fuse()
    fused = [name for name, module in published.named_modules() if isinstance(module, FUSED_IN_PUBLIC)]
    state = {}
    for key, tensor in _weights(published).items():
        owner, _, leaf = key.rpartition(".fused.")
        plain = f"{owner}.{leaf}" if owner in fused else key
        state[layout.public(plain)] = tensor.detach().cpu().contiguous()
    return state


def take_kernel(state: dict[str, Tensor], name: str, shape: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Take the weight, of that shape, and the bias, one a kernel, of a convolution out of `state`.

    Raises WeightsError if one is missing or of another shape.
    """
    expected = {f"{name}.weight": tuple(shape), f"{name}.bias": tuple(shape[:1])}
    for key, wanted in expected.items():
        if key not in state:
            raise WeightsError(f"the weights do not fit the model: {_some('missing', [key])}. {_MEND}")
        _check_shape(key, state[key], wanted)
    weight, bias = (state.pop(key) for key in expected)
    return weight, bias


def read_safetensors(path: Path | str) -> dict[str, Tensor]:
    """All tensors of a safetensors file by name. Raises WeightsError if it is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"weights file {path} does not exist: give the path of a safetensors file")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"{path.name} cannot be read as safetensors: {error}") from error


def write_safetensors(
    state: Mapping[str, Tensor], path: Path | str, metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors by name with text metadata; `format` is set to `pt`, as `transformers` expects."""
    from safetensors.torch import save_file

    save_file(dict(state), Path(path), {"format": "pt", **(metadata or {})})


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in module.state_dict().items() if not key.endswith(_COUNTER)}


def _check(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    missing = sorted(expected.keys() - given.keys())
    unknown = sorted(given.keys() - expected.keys())
    if missing or unknown:
        raise WeightsError(
            f"the weights do not fit the model: {_some('missing', missing)}, {_some('unknown', unknown)}. "
            f"{_MEND}"
        )
    for key, tensor in expected.items():
        _check_shape(key, given[key], tensor.shape)


def _check_shape(key: str, given: Tensor, expected: Sequence[int]) -> None:
    if tuple(given.shape) != tuple(expected):
        raise WeightsError(
            f"{key} has shape {tuple(given.shape)} in the weights and {tuple(expected)} in the model: "
            "choose the size of the model that the weights belong to"
        )


def _some(what: str, keys: list[str]) -> str:
    shown = ", ".join(keys[:3]) + (" …" if len(keys) > 3 else "")
    return f"{len(keys)} {what}" + (f" ({shown})" if keys else "")


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(r"\{\}", r"(\d+)") + r"(?=\.|$)")


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix and name else prefix or name


def _rename(key: str, table: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, template in table:
        found = pattern.match(key)
        if found:
            return template.format(*found.groups()) + key[found.end() :]
    return key
