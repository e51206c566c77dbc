"""Does a score depend on how finely a page is cut into paragraphs, or only on what was read?

The benchmark's claim for granularity-adaptive matching, in miniature: 40 pages of 12 paragraphs from
docstrings of the Python standard library are the truth. The prediction has the same characters, but
30 % of the neighbours merged and / or 30 % of the paragraphs split at a sentence end, with or without
3 % wrong characters. The text edit distance (page mean) should be the share of wrong characters.

    python benchmarks/evaluator_matching.py        # one to two minutes
"""

from __future__ import annotations

import importlib
import inspect
import json
import random
import re
import string
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sampan.documents.evaluation.elements import extract_elements
from sampan.documents.evaluation.page import EvaluationOptions, evaluate_page
from sampan.documents.evaluation.truth import TruthBlock, TruthPage

RESULTS = Path(__file__).parent / "results" / "evaluator_matching.json"
# fmt: off
MODULES = (
    "argparse", "asyncio.tasks", "ast", "bdb", "calendar", "cmd", "codecs", "collections", "configparser",
    "contextlib", "copy", "csv", "ctypes", "dataclasses", "datetime", "decimal", "difflib", "dis",
    "doctest", "email.message", "enum", "fileinput", "fractions", "ftplib", "functools", "gettext",
    "glob", "gzip", "heapq", "http.client", "http.server", "imaplib", "inspect", "io", "ipaddress",
    "json", "locale", "logging", "mailbox", "math", "mimetypes", "multiprocessing.pool", "operator",
    "optparse", "os", "pathlib", "pickle", "platform", "pprint", "pydoc", "queue", "random", "re",
    "sched", "secrets", "selectors", "shelve", "shutil", "smtplib", "socket", "sqlite3", "ssl",
    "statistics", "string", "subprocess", "tarfile", "tempfile", "textwrap", "threading", "timeit",
    "tokenize", "traceback", "turtle", "typing", "unittest.case", "unittest.mock", "urllib.parse",
    "urllib.request", "uuid", "weakref", "xml.dom.minidom", "xml.sax.handler", "zipfile", "zoneinfo",
)
# fmt: on


def paragraphs() -> list[str]:
    """Distinct paragraphs of running text of two sentences and more."""
    found: dict[str, None] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        members = [module]
        for _, member in sorted(vars(module).items()):
            if inspect.isclass(member) and member.__module__ == name:
                members += [member, *(m for _, m in sorted(vars(member).items()) if inspect.isfunction(m))]
            elif inspect.isfunction(member) and member.__module__ == name:
                members.append(member)
        for member in members:
            for block in re.split(r"\n\s*\n", inspect.getdoc(member) or ""):
                text = " ".join(block.split())
                sentences = len(re.findall(r"[a-z]\. [A-Z]", text))
                if (
                    120 <= len(text) <= 700
                    and sentences >= 1
                    and not re.search(r"[`*_<>|$\\#]|>>>|--|::", text)
                ):
                    found[text] = None
    return list(found)


def noisy(text: str, share: float, rng: random.Random) -> str:
    """`text` with this share of its letters replaced by others."""
    letters = string.ascii_lowercase
    return "".join(
        rng.choice(letters.replace(c.lower(), "")) if c.isalnum() and rng.random() < share else c
        for c in text
    )


def perturbed(texts: list[str], merge: bool, split: bool, rng: random.Random) -> list[str]:
    """The same characters in other paragraphs."""
    pieces = list(texts)
    if merge:
        merged = [pieces[0]]
        for piece in pieces[1:]:
            if rng.random() < 0.3:
                merged[-1] += " " + piece
            else:
                merged.append(piece)
        pieces = merged
    if split:
        cut: list[str] = []
        for piece in pieces:
            ends = [m.end() for m in re.finditer(r"[a-z]\.(?= [A-Z])", piece)]
            if ends and rng.random() < 0.3:
                at = rng.choice(ends)
                cut += [piece[:at], piece[at:].strip()]
            else:
                cut.append(piece)
        pieces = cut
    return pieces


def measure(pages: int = 40, per_page: int = 12, seed: int = 1) -> list[dict[str, Any]]:
    """One row for every kind of change."""
    pool = paragraphs()
    rng = random.Random(seed)
    rng.shuffle(pool)
    if len(pool) < pages * per_page:
        pages = len(pool) // per_page
    truths = [pool[i * per_page : (i + 1) * per_page] for i in range(pages)]
    rows = []
    for noise in (0.0, 0.03):
        for merge, split in ((False, False), (True, False), (False, True), (True, True)):
            rng = random.Random(seed)
            row: dict[str, Any] = {
                "noise": noise,
                "change": {(0, 0): "none", (1, 0): "merge", (0, 1): "split", (1, 1): "both"}[merge, split],
                "pages": pages,
            }
            cases = []
            for number, texts in enumerate(truths):
                blocks = [TruthBlock(str(i), "text_block", text, i) for i, text in enumerate(texts)]
                wrong = [noisy(text, noise, rng) for text in texts]
                markdown = "\n\n".join(perturbed(wrong, merge, split, rng))
                exact = EvaluationOptions(match="simple")
                baseline = evaluate_page(
                    TruthPage(str(number), blocks), extract_elements("\n\n".join(wrong)), exact
                )
                cases.append(
                    (TruthPage(str(number), blocks), extract_elements(markdown), baseline.text_edit() or 0.0)
                )
            row["true"] = sum(true for _, _, true in cases) / pages
            for match in ("simple", "quick", "adaptive"):
                start = time.process_time()
                # The official treatment of surplus, under which the claim was made.
                options = EvaluationOptions(match=match, surplus="official")
                edits = [
                    evaluate_page(truth, elements, options).text_edit() or 0.0 for truth, elements, _ in cases
                ]
                row[match] = sum(edits) / pages
                row[f"{match}_seconds_per_page"] = (time.process_time() - start) / pages
            rows.append(row)
    return rows


def main() -> None:
    """Prints the table and writes it as JSON."""
    rows = measure()
    names = ("noise", "change", "true", "simple", "quick", "adaptive")
    table = Table(*names, title="text edit distance, page mean", box=None, header_style="bold")
    for row in rows:
        table.add_row(f"{row['noise']:.0%}", row["change"], *(f"{row[name]:.4f}" for name in names[2:]))
    Console().print(table)
    worst = max(abs(row["adaptive"] - row["true"]) for row in rows)
    between = all(row["adaptive"] - 0.003 <= row["quick"] <= row["simple"] + 0.003 for row in rows)
    print(f"largest error of adaptive: {worst:.4f} (claim: within 0.003); quick between the two: {between}")
    seconds = sum(row["adaptive_seconds_per_page"] for row in rows) / len(rows)
    print(f"adaptive: {seconds * 1000:.0f} ms of processor time a page")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"rows": rows, "largest_error": worst}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
