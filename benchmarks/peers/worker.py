"""Runs one peer inside its own environment; needs nothing but that peer and the standard library.

Models are loaded and one page is read before the first request is answered. CPU seconds count children too;
`peak_mb` is the high-water mark of this process (VmHWM), or of the largest child for command line programs. A request
with several paths is for the time alone; a program that has a way of its own for many files uses it.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

Answer = dict[str, Any]
Reader = Callable[[str, str], Answer]
Batch = Callable[[list[str]], int]
"""Reads many files by the program's own way for that and says how many it read."""
_TESSERACT = {
    "en": "eng", "de": "deu", "fr": "fra", "it": "ita", "es": "spa", "pt": "por", "zh-hans": "chi_sim", "zh-hant": "chi_tra",
    "ja": "jpn",
}  # fmt: skip


def sampan(options: dict[str, Any]) -> tuple[Reader, str, Batch]:
    from sampan import Document, Parser, __version__
    from sampan.documents.writers import render

    parser = Parser(**options)

    def read(path: str, _language: str) -> Answer:
        document = parser.parse(path)
        tables = []
        for block in document.blocks():
            if block.kind == "table":
                tables.append([
                    [cell.row, cell.column, cell.row_span, cell.column_span, cell.text] for cell in block.table.cells
                ])  # fmt: skip
        plain = "\n".join(block.text for block in document.blocks() if block.text)
        return {"text": plain, "markdown": str(render(document, "md")), "cells": tables}

    def read_many(paths: list[str]) -> int:
        documents = [document for _, document in parser.parse_many(paths) if isinstance(document, Document)]
        return sum(bool(render(document, "md")) for document in documents)

    return read, __version__, read_many


def rapidocr(options: dict[str, Any]) -> tuple[Reader, str]:
    from rapidocr import RapidOCR

    engine = RapidOCR(params={} if options["cls"] else {"Global.use_cls": False})

    def read(path: str, _language: str) -> Answer:
        result = engine(path)
        return {"text": "\n".join(result.txts or ())}

    return read, importlib.metadata.version("rapidocr")


def faster_paddle(options: dict[str, Any]) -> tuple[Reader, str, Batch]:
    from faster_paddle import OcrEngine

    engine = OcrEngine(model_size=options["size"])

    def read(path: str, _language: str) -> Answer:
        with open(path, "rb") as file:  # noqa: PTH123
            return {"text": engine.ocr(file.read())["text"]}

    def read_many(paths: list[str]) -> int:
        files = []
        for path in paths:
            with open(path, "rb") as file:  # noqa: PTH123
                files.append(file.read())
        return sum(bool(page["text"]) for page in engine.ocr_batch(files))

    return read, importlib.metadata.version("faster-paddle"), read_many


def tesseract(_options: dict[str, Any]) -> tuple[Reader, str]:
    """With the page's language given, and page segmentation with orientation detection (psm 1)."""
    version = subprocess.run(["tesseract", "--version"], capture_output=True, text=True).stdout.split()[1]

    def read(path: str, language: str) -> Answer:
        command = ["tesseract", path, "stdout", "--psm", "1", "-l", _TESSERACT[language]]
        return {"text": subprocess.run(command, capture_output=True, text=True).stdout, "child": True}

    return read, version


def pdftotext(_options: dict[str, Any]) -> tuple[Reader, str]:
    version = subprocess.run(["pdftotext", "-v"], capture_output=True, text=True).stderr.split()[2]

    def read(path: str, _language: str) -> Answer:
        return {
            "text": subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True).stdout,
            "child": True,
        }

    return read, version


def pymupdf4llm(_options: dict[str, Any]) -> tuple[Reader, str]:
    import pymupdf4llm as library

    def read(path: str, _language: str) -> Answer:
        return {"markdown": library.to_markdown(path)}

    return read, importlib.metadata.version("pymupdf4llm")


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_mb(child: bool) -> float:
    if child:
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with open("/proc/self/status") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def main() -> None:
    # Peers print what they like; only answers may reach the pipe.
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    engines = {f.__name__: f for f in (sampan, rapidocr, faster_paddle, tesseract, pdftotext, pymupdf4llm)}
    read, version, *batch = engines[sys.argv[1]](json.loads(sys.argv[2]))
    pipe.write(json.dumps({"version": version}) + "\n")
    pipe.flush()
    for line in sys.stdin:
        request = json.loads(line)
        cpu, wall = _cpu(), time.perf_counter()
        answer: Answer = {}
        try:
            with contextlib.redirect_stdout(sys.stderr):
                if "paths" not in request:
                    answer = read(request["path"], request["language"])
                elif batch:
                    answer = {"read": batch[0](request["paths"])}
                else:
                    pairs = zip(request["paths"], request["languages"], strict=True)
                    answer = {"read": sum(bool(read(*pair)) for pair in pairs)}
        except Exception as error:
            answer = {"text": "", "error": f"{type(error).__name__}: {error}"}
        answer["seconds"], answer["cpu"] = time.perf_counter() - wall, _cpu() - cpu
        answer["peak_mb"] = _peak_mb(bool(answer.pop("child", False)))
        pipe.write(json.dumps(answer) + "\n")
        pipe.flush()


if __name__ == "__main__":
    main()
