from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import pytest
from tests.documents.ocr.drawn import SENTENCES, page

from sampan.documents.ocr.detection import (
    OFFICIAL,
    DetectionRules,
    TextDetector,
    boxes_from_map,
    order_corners,
)
from sampan.documents.ocr.presets import DEFAULT
from sampan.runtime import Model, open_model
from sampan.weights import locate


class Mapped:
    """A detector network that gives back the first channel that it is shown, as 0 … 1: bright is text."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, blob: np.ndarray) -> list[np.ndarray]:
        assert blob.dtype == np.float32 and blob.shape[:2] == (1, 3)
        self.sizes.append((blob.shape[2], blob.shape[3]))
        return [blob[:, :1] * 0.229 + 0.485]


def detector(rules: DetectionRules) -> tuple[TextDetector, Mapped]:
    network = Mapped()
    return TextDetector(cast(Model, network), rules), network


def rectangle_map(size: tuple[int, int], *rectangles: tuple[float, float, float, float, float]) -> np.ndarray:
    """Probability .9 in rectangles given by centre, sides and angle in degrees."""
    probability = np.zeros(size, np.float32)
    rows, columns = np.mgrid[: size[0], : size[1]]
    for x, y, width, height, angle in rectangles:
        cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        along = (columns - x) * cosine + (rows - y) * sine
        down = (rows - y) * cosine - (columns - x) * sine
        probability[(np.abs(along) <= width / 2) & (np.abs(down) <= height / 2)] = 0.9
    return probability


def sides(quad: np.ndarray) -> tuple[float, float]:
    return float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))


@pytest.mark.parametrize("angle", [0, 3, -8, 20, -40])
@pytest.mark.parametrize("ratio", [1.4, 1.5, 2.0])
def test_a_rectangle_grows_by_area_times_ratio_over_perimeter(angle: float, ratio: float) -> None:
    rng = np.random.default_rng(int(angle * 10 + ratio * 100) % 997)
    for _ in range(5):
        width, height = rng.uniform(80, 160), rng.uniform(12, 40)
        probability = rectangle_map((320, 320), (160, 160, width, height, angle))
        quads, scores = boxes_from_map(probability, DetectionRules(unclip_ratio=ratio))
        assert len(quads) == 1 and scores[0] > 0.8
        growth = width * height * ratio / (2 * (width + height))
        assert sides(quads[0]) == pytest.approx(
            (width + 2 * growth, height + 2 * growth), abs=2 + 1.5 * ratio
        )
        assert quads[0].mean(axis=0) == pytest.approx((160, 160), abs=1.5)
        top = quads[0][1] - quads[0][0]
        assert np.degrees(np.arctan2(top[1], top[0])) == pytest.approx(angle, abs=2.5)


def test_growing_equals_the_rectangle_around_an_offset_polygon() -> None:
    """The official rule offsets the rectangle's outline with round joins and takes the rectangle around that."""
    probability = rectangle_map((200, 300), (150, 100, 150, 24, 12))
    (contour,), _ = cv2.findContours(
        (probability > 0.3).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE
    )
    corners = cv2.boxPoints(cv2.minAreaRect(contour))
    distance = cv2.contourArea(corners) * 1.5 / cv2.arcLength(corners, True)
    turn = np.linspace(0, 2 * np.pi, 721)
    circle = distance * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    # The offset's outline is the hull of circles about the corners.
    offset = cv2.boxPoints(cv2.minAreaRect((corners[:, None] + circle).reshape(-1, 2).astype(np.float32)))
    quads, _ = boxes_from_map(probability, OFFICIAL)
    assert np.abs(quads[0] - order_corners(offset)).max() < 0.2


def test_what_is_faint_small_or_hollow_is_dropped() -> None:
    faint = rectangle_map((100, 100), (50, 50, 60, 20, 0)) * 0.6  # .54
    assert len(boxes_from_map(faint, OFFICIAL)[0]) == 0
    assert len(boxes_from_map(faint, DEFAULT)[0]) == 1
    thin = np.zeros((100, 100), np.float32)
    thin[50:52, 10:90] = 1  # its rectangle is 1 high
    assert len(boxes_from_map(thin, OFFICIAL)[0]) == 0
    ring = np.zeros((100, 100), np.float32)
    ring[20:80, 20:80] = 1
    ring[24:76, 24:76] = 0
    assert len(boxes_from_map(ring, OFFICIAL)[0]) == 0
    assert boxes_from_map(np.zeros((64, 64), np.float32), OFFICIAL)[0].shape == (0, 4, 2)


def test_at_most_so_many_candidates() -> None:
    probability = np.zeros((400, 400), np.float32)
    for y in range(10, 390, 20):
        for x in range(10, 390, 40):
            probability[y : y + 8, x : x + 28] = 1
    assert len(boxes_from_map(probability, OFFICIAL)[0]) == 19 * 10
    assert len(boxes_from_map(probability, DetectionRules(max_candidates=50))[0]) == 50


def test_score_is_the_mean_inside_the_rectangle() -> None:
    rng = np.random.default_rng(5)
    probability = np.zeros((80, 120), np.float32)
    probability[20:51, 30:91] = rng.uniform(0.65, 1.0, (31, 61))
    _, scores = boxes_from_map(probability, OFFICIAL)
    assert scores[0] == pytest.approx(probability[20:51, 30:91].mean(), abs=1e-4)


def test_corners_are_put_in_order() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        quad = cv2.boxPoints(((50, 50), (60, 20), rng.uniform(-40, 40)))
        ordered = order_corners(quad[rng.permutation(4)])
        top_left, top_right, bottom_right, bottom_left = ordered
        assert top_left[0] < top_right[0] and bottom_left[0] < bottom_right[0]
        assert top_left[1] < bottom_left[1] and top_right[1] < bottom_right[1]
        area = 0.5 * np.sum(
            ordered[:, 0] * np.roll(ordered[:, 1], -1) - ordered[:, 1] * np.roll(ordered[:, 0], -1)
        )
        assert area == pytest.approx(1200, rel=1e-3)


@pytest.mark.parametrize("height,width", [(300, 500), (97, 1203), (640, 640), (33, 31)])
def test_boxes_come_back_in_pixels_of_the_picture(height: int, width: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = (
        round(share * side) for share, side in zip((0.2, 0.3, 0.8, 0.7), (width, height) * 2, strict=True)
    )
    image[y0:y1, x0:x1] = 255
    found, network = detector(DetectionRules(box_threshold=0.3, unclip_ratio=0.0))
    detections = found.detect(image)
    assert all(side % 32 == 0 for size in network.sizes for side in size)
    assert len(detections.quads) == 1
    if height + width >= 64:
        tolerance = 2 + 2 * max(height, width) / max(network.sizes[0])
        assert detections.quads[0].min(axis=0) == pytest.approx((x0, y0), abs=tolerance)
        assert detections.quads[0].max(axis=0) == pytest.approx((x1, y1), abs=tolerance)


def test_resolution_follows_the_rules() -> None:
    def size(rules: DetectionRules, height: int, width: int) -> tuple[int, int]:
        found, network = detector(rules)
        found.detect(np.zeros((height, width, 3), np.uint8))
        return network.sizes[0]

    assert size(DetectionRules(), 320, 640) == (320, 640)  # native
    assert size(DetectionRules(), 340, 650) == (352, 640)  # the nearest multiples of 32
    assert size(DetectionRules(limit_side=736), 368, 736) == (736, 1472)
    assert size(DetectionRules(limit_type="max", limit_side=960), 1920, 960) == (960, 480)
    assert size(DetectionRules(limit_type="mean", limit_side=800), 1600, 1600) == (800, 800)
    assert size(DetectionRules(limit_type="mean", limit_side=800), 400, 400) == (
        384,
        384,
    )  # never enlarged; 12.5 × 32 to even
    tall = size(DetectionRules(limit_type="mean", limit_side=800), 12800, 3200)
    assert tall == (1600, 384)
    assert max(size(DetectionRules(), 64, 9000)) == 4000


def test_low_lines_are_looked_at_again_larger() -> None:
    image = np.zeros((1600, 1600, 3), np.uint8)
    for y in range(100, 1500, 40):
        image[y : y + 8, 200:1400] = 255  # 4 rows of an 800 × 800 map; boxes 6 high
    rules = DetectionRules(
        limit_type="mean", limit_side=800, least_line=0.0, unclip_ratio=1.0, box_threshold=0.3
    )
    found, network = detector(rules)
    assert len(found.detect(image).quads) == 35
    assert network.sizes == [(800, 800)]
    found, network = detector(
        DetectionRules(limit_type="mean", limit_side=800, least_line=7.0, unclip_ratio=1.0, box_threshold=0.3)
    )
    quads = found.detect(image).quads
    assert len(network.sizes) == 2 and 1000 <= network.sizes[1][0] <= 1600
    assert len(quads) == 35
    # High lines are not looked at again.
    image[:] = 0
    image[200:260, 200:1400] = 255
    network.sizes.clear()
    found.detect(image)
    assert network.sizes == [(800, 800)]


@pytest.mark.parametrize("rules", [OFFICIAL, DEFAULT], ids=["official", "default"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 2000), (2000, 5), (31, 33), (7, 64)])
def test_odd_sizes_do_no_harm(shape: tuple[int, int], rules: DetectionRules) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    found, _ = detector(rules)
    detections = found.detect(image)
    assert detections.quads.shape == (len(detections.scores), 4, 2)
    assert (detections.quads >= 0).all() and (detections.quads <= (shape[1], shape[0])).all()


def test_the_network_finds_every_drawn_line() -> None:
    drawn, boxes = page(SENTENCES[:10], size=20)
    network = open_model(locate("pp-ocrv6-tiny-det"), 1)
    quads = TextDetector(network, DEFAULT).detect(drawn.image).quads
    assert len(quads) == len(boxes)
    for box, quad in zip(boxes, sorted(quads, key=lambda quad: quad[0, 1]), strict=True):
        assert quad.min(axis=0) == pytest.approx(box[:2], abs=12)
        assert quad.max(axis=0) == pytest.approx(box[2:], abs=12)
