"""Pages, forms and scenes: blocks own their lines, words lie in lines, and places follow the picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sampan.vision.synthesis.forms import FormOptions, FormSynthesizer
from sampan.vision.synthesis.geometry import bounds, map_points
from sampan.vision.synthesis.pages import CLASSES, PageOptions, PageSynthesizer
from sampan.vision.synthesis.scenes import SceneOptions, SceneSynthesizer

COMMON = {"languages": {"en": 1.0, "ru": 1.0}, "fonts": "all", "split": "all"}
MAKERS = {
    "page": (PageSynthesizer, PageOptions, {"width": (400, 520)}),
    "form": (FormSynthesizer, FormOptions, {"width": (400, 520)}),
    "scene": (SceneSynthesizer, SceneOptions, {"side": (240, 320), "size": (12.0, 30.0)}),
}


def synthesizer(kind: str, library, **more):
    make, options, usual = MAKERS[kind]
    return make(options(**{**COMMON, **usual, **more}), library)


@pytest.mark.parametrize("kind", MAKERS)
def test_pages_depend_on_their_number_alone(kind, library) -> None:
    one, two = synthesizer(kind, library), synthesizer(kind, library)
    two.draw(5)
    first, second = one.draw(1), two.draw(1)
    assert np.array_equal(first.image, second.image)
    assert [line.text for line in first.lines] == [line.text for line in second.lines]
    assert first.image.shape[2] == 3 and first.image.dtype == np.uint8


@pytest.mark.parametrize("kind", MAKERS)
def test_every_line_has_ink_and_its_words(kind, library) -> None:
    """On clean pages the ink in a line's quad is darker or lighter than round it."""
    drawn = synthesizer(kind, library, degradations={"clean": 1.0})
    lines = 0
    for index in range(3):
        page = drawn.draw(index)
        grey = page.image.astype(np.float32).mean(axis=2)
        for line in page.lines:
            assert line.text == " ".join(word.text for word in line.words)
            room = np.zeros(grey.shape, np.uint8)
            cv2.fillPoly(room, [np.round(line.quad).astype(np.int32)], 1)
            inside = grey[room > 0]
            assert len(inside) and inside.std() > 3, line.text
            for word in line.words:
                # Words are as tall as their own ink: they lie within their line.
                for x, y in word.quad.astype(float):
                    assert cv2.pointPolygonTest(line.quad, (x, y), True) > -1.5
            lines += 1
    assert lines > 5


@pytest.mark.parametrize("kind", ["page", "form"])
def test_places_follow_the_picture(kind, library) -> None:
    """A photograph's truth is the clean page's truth through its homography."""
    photo = synthesizer(kind, library, degradations={"photo": 1.0}).draw(3)
    assert not np.allclose(photo.matrix, np.eye(3))
    height, width = photo.image.shape[:2]
    back = np.linalg.inv(photo.matrix)
    for line in photo.lines:
        upright = map_points(line.quad, back)
        left, top, right, bottom = bounds(upright)
        # On the clean sheet a line's quad is an upright box.
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        assert np.allclose(upright, corners, atol=0.05)
        assert left > -1 and top > -1 and right < width + 1 and bottom < height + 1


def test_blocks_own_their_lines_and_do_not_overlap(library) -> None:
    drawn = synthesizer("page", library, degradations={"clean": 1.0})
    kinds: set[str] = set()
    for index in range(10):
        page = drawn.draw(index)
        boxes = [bounds(block.quad) for block in page.blocks]
        kinds |= {block.kind for block in page.blocks}
        assert {block.kind for block in page.blocks} <= set(CLASSES)
        for line in page.lines:
            assert line.block >= 0
            left, top, right, bottom = bounds(line.quad)
            x0, y0, x1, y1 = boxes[line.block]
            assert x0 - 1 <= left and y0 - 1 <= top and right <= x1 + 1 and bottom <= y1 + 1
        for first, one in enumerate(boxes):
            for two in boxes[first + 1 :]:
                wide = min(one[2], two[2]) - max(one[0], two[0])
                high = min(one[3], two[3]) - max(one[1], two[1])
                assert wide <= 2 or high <= 3, f"page {index}"
    assert {"text", "title", "figure", "table"} <= kinds


def test_answers_name_their_questions(library) -> None:
    form = synthesizer("form", library, filled=1.0).draw(0)
    kinds = {field.kind for field in form.fields}
    assert {"header", "question", "answer"} <= kinds
    for field in form.fields:
        assert (field.of >= 0) == (field.kind == "answer")
        if field.of >= 0:
            asked = form.fields[field.of]
            assert asked.kind == "question"
            # An answer stands to the right of its question, on the same height.
            assert field.quad[:, 0].mean() > asked.quad[:, 0].mean()
    assert [field.text for field in form.fields] == [line.text for line in form.lines]


def test_texts_of_a_scene_do_not_overlap_and_lean_within_bounds(library) -> None:
    drawn = synthesizer("scene", library, angle=20.0)
    for index in range(4):
        scene = drawn.draw(index)
        taken = np.zeros(scene.image.shape[:2], int)
        for line in scene.lines:
            room = np.zeros(taken.shape, np.uint8)
            cv2.fillPoly(room, [np.round(line.quad).astype(np.int32)], 1)
            taken += cv2.erode(room, np.ones((3, 3), np.uint8))
            edge = line.quad[1] - line.quad[0]
            assert abs(np.degrees(np.arctan2(edge[1], edge[0]))) < 20 + 12  # and what perspective adds
        assert taken.max() <= 1
