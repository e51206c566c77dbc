"""The trainer: runs any task by a recipe. Imports no model; models' rooms import this one."""

from __future__ import annotations

from sampan.training.task import Metrics, Task, decay_groups, register_task

__all__ = ["Metrics", "Task", "decay_groups", "register_task"]
