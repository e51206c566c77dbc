"""What `train`, `eval` and `export` share: finding recipes by name, and making the rooms' tasks known.

A task registers itself when its module is imported; by custom that module is called `task`, in the package of
its model (`sampan.vision.text_recognition.task`).
"""

from __future__ import annotations

import pkgutil
from importlib import import_module, util
from pathlib import Path

from sampan.errors import InputError, OptionError

ROOMS = ("sampan.vision", "sampan.language", "sampan.graphs", "sampan.proteins")
RECIPES = Path("recipes")


def load_tasks() -> None:
    """Imports every module named `task` in the rooms of models.

    Raises:
        OptionError: PyTorch is not installed.
    """
    if util.find_spec("torch") is None or util.find_spec("accelerate") is None:
        raise OptionError("training needs PyTorch, and it is not installed: pip install 'sampan[torch]'")
    for room in ROOMS:
        if util.find_spec(room) is None:
            continue
        package = import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if module.name.rpartition(".")[2] == "task":
                import_module(module.name)


def find_recipe(path: Path) -> Path:
    """The recipe's file: as given, or by its name in the folder `recipes` of the present folder.

    Raises:
        InputError: there is none.
    """
    if path.is_file():
        return path
    named = RECIPES / path.with_suffix(".yaml").name
    if named.is_file():
        return named
    known = sorted(file.stem for file in RECIPES.glob("*.yaml"))
    from difflib import get_close_matches

    near = get_close_matches(path.stem, known, n=1)
    hint = f": did you mean {near[0]}?" if near else f"; ./recipes has {', '.join(known) or 'none'}"
    raise InputError(f"there is no recipe {path}{hint}")
