"""Which text of a PDF page can be trusted, and which regions must be read by OCR instead.

    unmapped     the font does not say which characters its glyphs are (no ToUnicode, private names), and
                 what comes out does not look like language either
    broken       U+FFFD, private-use and control characters make up much of a line
    soup         a font's letters combine as no language written in Latin letters does
    invisible    text in render mode 3 is the OCR layer of a scan: kept if it looks like language
    scan         a picture covers half of the page or more, and hardly any text lies on it

"Looks like language" is the share of letter pairs that are among the commoner ones of English, French,
German, Spanish, Italian and Portuguese. Measured on single sentences: above .9 in these languages, .54 Polish,
.60 Turkish, .84 Finnish, .32 English with its letters exchanged; random letters come to .4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sampan.documents.model import Box
from sampan.documents.reading.glyphs import Glyphs
from sampan.documents.reading.text_lines import ReadLine
from sampan.runtime import trace

MAPPED_PLAUSIBLE = 0.4
"""Letter-pair share below which even text with a Unicode map is soup."""
UNMAPPED_PLAUSIBLE = 0.6
INVISIBLE_PLAUSIBLE = 0.55
_ENOUGH_PAIRS = 60
_BROKEN_SHARE = 0.3
_FEW_BAD = 4
"""Fewer glyphs than this are symbols of a formula, which OCR would read no better."""
_SCAN_COVERAGE = 0.5
_FEW_GLYPHS = 40

_PAIRS = (
    "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me "
    "de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot "
    "il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai "
    "sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke ui fr oo av "
    "ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff "
    "ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck ew mu br bi pt ak pu rg ib tl ny ki "
    "rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn nu af hu nn eo vo rv nf xp gn sm "
    "fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy hy ze ks bs ik ez ao hl bt lk wu zu "
    "uf fü ün är üb éc dé ré és té ão çã ió ón "
)
_COMMON_PAIRS = frozenset(_PAIRS.split())
_LETTERS = 0x251


def _tables() -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Code → lower-case letter (0 for what is none), and which pairs of letters are common."""
    letter = np.zeros(_LETTERS, np.int64)
    for point in range(_LETTERS - 1):
        lower = chr(point).lower()
        if chr(point).isalpha() and len(lower) == 1 and ord(lower) < _LETTERS:
            letter[point] = ord(lower)
    common = np.zeros((_LETTERS, _LETTERS), np.int8)
    for pair in _COMMON_PAIRS:
        if len(pair) == 2:
            common[ord(pair[0]), ord(pair[1])] = 1
    return letter, common


_LETTER, _COMMON = _tables()


def judge(
    lines: list[ReadLine], glyphs: Glyphs, images: list[Box], size: tuple[float, float]
) -> tuple[list[ReadLine], list[Box]]:
    """Lines worth keeping, and the boxes that OCR must read."""
    visible = [read for read in lines if not read.invisible]
    invisible = [read for read in lines if read.invisible]
    pairs = plausibility(glyphs.code, glyphs.separator > 0)
    bad_fonts = _bad_fonts(glyphs, pairs)
    broken = _broken(glyphs)
    unreliable: list[Box] = []
    if bad_fonts or broken.any():
        unreliable = [read.line.box for read in visible if _is_bad(read, bad_fonts, broken)]
    boxes = _joined(unreliable)
    trace.note("unreadable", boxes=list(boxes), fonts=bad_fonts, broken=broken)
    kept = list(visible)
    if invisible:
        layer = _uncovered(invisible, visible)
        good = _layer_is_good(layer, broken, pairs)
        if good:
            kept += layer
        elif layer:
            boxes += _scan_areas([read.line.box for read in layer], images)
        trace.note("invisible", layer=layer, good=good)
    scans = _scans(images, kept, boxes, size)
    trace.note("scans", boxes=scans)
    boxes += scans
    kept.sort(key=lambda read: read.first)
    return kept, boxes


def plausibility(code: NDArray[np.int64], separate: NDArray[np.bool_]) -> NDArray[np.int8]:
    """For every glyph and the one before it: 1 a common letter pair, 0 an uncommon one, -1 no pair.

    `separate` (N,) is True where a word begins. Only letters below U+0250 make pairs.
    """
    letter = _LETTER[np.minimum(code, _LETTERS - 1)]
    pair = np.full(len(code), -1, np.int8)
    if len(code) > 1:
        one, two = letter[:-1], letter[1:]
        both = (one > 0) & (two > 0) & ~separate[1:]
        pair[1:][both] = _COMMON[one[both], two[both]]
    return pair


def _broken(glyphs: Glyphs) -> NDArray[np.bool_]:
    code = glyphs.code
    private = ((code >= 0xE000) & (code <= 0xF8FF)) | (code >= 0xF0000)
    broken: NDArray[np.bool_] = (code == 0xFFFD) | private
    return broken


def _bad_fonts(glyphs: Glyphs, pairs: NDArray[np.int8]) -> set[str | None]:
    """Names of fonts whose visible text is soup."""
    names = sorted({face.name for face in glyphs.faces}, key=str)
    number = {name: place for place, name in enumerate(names)}
    font = np.array([number[face.name] for face in glyphs.faces])[glyphs.owner]
    seen = ~glyphs.invisible

    def count(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(font[chosen & seen], minlength=len(names))

    total, unmapped = count(np.ones(len(font), bool)), count(glyphs.unmapped)
    paired, common = count(pairs >= 0), count(pairs > 0)
    share = common / np.maximum(paired, 1)
    without_map = unmapped > 0.5 * total
    soup = np.where(
        without_map,
        (paired < _ENOUGH_PAIRS / 2) | (share < UNMAPPED_PLAUSIBLE),
        (paired >= _ENOUGH_PAIRS) & (share < MAPPED_PLAUSIBLE),
    )
    return {name for name, bad in zip(names, (soup & (total > 0)).tolist(), strict=True) if bad}


def _is_bad(read: ReadLine, bad_fonts: set[str | None], broken: NDArray[np.bool_]) -> bool:
    count = int(broken[read.glyphs].sum())
    if count >= _FEW_BAD and count >= _BROKEN_SHARE * len(read.glyphs):
        return True
    if not bad_fonts:
        return False
    bad = sum(len(w.text) for w in read.line.words if w.style is not None and w.style.font in bad_fonts)
    return bad >= max(_FEW_BAD, 0.5 * len(read.glyphs))


def _uncovered(invisible: list[ReadLine], visible: list[ReadLine]) -> list[ReadLine]:
    """Invisible lines without visible text at their place."""
    if not visible:
        return invisible
    boxes = np.array([read.line.box for read in visible])
    kept = []
    for read in invisible:
        x0, y0, x1, y1 = read.line.box
        w = np.minimum(boxes[:, 2], x1) - np.maximum(boxes[:, 0], x0)
        h = np.minimum(boxes[:, 3], y1) - np.maximum(boxes[:, 1], y0)
        covered = (np.maximum(w, 0) * np.maximum(h, 0)).sum()
        if covered < 0.3 * (x1 - x0) * (y1 - y0):
            kept.append(read)
    return kept


def _layer_is_good(layer: list[ReadLine], broken: NDArray[np.bool_], pairs: NDArray[np.int8]) -> bool:
    if not layer:
        return True
    index = np.concatenate([read.glyphs for read in layer])
    if broken[index].mean() > 0.05:
        return False
    text = " ".join(read.line.text for read in layer)
    of_layer = pairs[index]
    paired, common = int((of_layer >= 0).sum()), int((of_layer > 0).sum())
    letters = sum(character.isalnum() for character in text)
    ink = len(text) - text.count(" ")
    if letters < 0.6 * ink:
        return False
    # Scripts other than Latin have no table here; their layers stand if they consist of letters.
    return paired < _ENOUGH_PAIRS or paired < 0.3 * letters or common >= INVISIBLE_PLAUSIBLE * paired


def _scan_areas(boxes: list[Box], images: list[Box]) -> list[Box]:
    """The pictures under a bad layer, or its own lines where there is no picture."""
    areas = [image for image in images if any(_covers(image, box) for box in boxes)]
    return areas + _joined([box for box in boxes if not any(_covers(image, box) for image in areas)])


def _scans(images: list[Box], kept: list[ReadLine], bad: list[Box], size: tuple[float, float]) -> list[Box]:
    """Pictures of half a page and more on which there is no text to speak of."""
    page = size[0] * size[1]
    large = [box for box in images if _area(box) >= 0.05 * page]
    if sum(_area(box) for box in large) < _SCAN_COVERAGE * page:
        return []
    # Scanners cut pages into strips; strips that touch are one picture.
    result = []
    for area in _joined(large, gap=2.0):
        if _area(area) < _SCAN_COVERAGE * page or any(_covers(box, area) for box in bad):
            continue
        glyphs = sum(len(read.glyphs) for read in kept if _covers(area, read.line.box))
        if glyphs < _FEW_GLYPHS:
            result.append(area)
    return result


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _covers(outer: Box, inner: Box) -> bool:
    """Whether the middle of `inner` lies in `outer`."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _joined(boxes: list[Box], gap: float | None = None) -> list[Box]:
    """Boxes closer than `gap` (by default the height of the taller) as one each."""
    boxes = sorted(boxes, key=lambda box: box[1])
    joined: list[Box] = []
    for box in boxes:
        merged = box
        while True:
            reach = gap if gap is not None else merged[3] - merged[1] if merged == box else box[3] - box[1]
            near = [
                other
                for other in joined
                if other[0] - reach <= merged[2]
                and merged[0] <= other[2] + reach
                and other[1] - reach <= merged[3]
                and merged[1] <= other[3] + reach
            ]
            if not near:
                break
            joined = [other for other in joined if other not in near]
            every = [merged, *near]
            merged = (
                min(b[0] for b in every),
                min(b[1] for b in every),
                max(b[2] for b in every),
                max(b[3] for b in every),
            )
        joined.append(merged)
    return joined
