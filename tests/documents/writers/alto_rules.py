"""The rules of ALTO 4.4 as far as they concern what is written here: children in order, attributes, their types.

Stated anew from the published schema (loc.gov/standards/alto/v4/alto-4-4.xsd), which is not part of this repository.
"""

from __future__ import annotations

import re

from lxml import etree

NAMESPACE = "{http://www.loc.gov/standards/alto/ns-v4#}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

_FLOAT = r"-?\d+(\.\d+)?"
_SHARE = r"0(\.\d+)?|1(\.0+)?"
_NAME = r"[A-Za-z_][\w.-]*"
_NAMES = rf"{_NAME}( {_NAME})*"
_ANY = r"(?s).*"
_LANGUAGE = r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*"
_DIRECTION = "ltr|rtl|ttb|btt"
_STYLES = "(bold|italics|smallcaps|strikethrough|subscript|superscript|underline)"

_PLACE = {"HPOS": _FLOAT, "VPOS": _FLOAT, "WIDTH": _FLOAT, "HEIGHT": _FLOAT}
_REFERENCES = {"STYLEREFS": _NAMES, "TAGREFS": _NAMES, "PROCESSINGREFS": _NAMES}
_BLOCK = {"ID!": _NAME, **_REFERENCES, **_PLACE, "ROTATION": _FLOAT, "IDNEXT": _NAME, "CS": "true|false"}
_BLOCKS = "(TextBlock|Illustration|GraphicalElement|ComposedBlock)"
_SPACE = (f"(Shape )?({_BLOCKS} )*", {"ID": _NAME, "STYLEREFS": _NAMES, "PROCESSINGREFS": _NAMES, **_PLACE})
_TAG = ("(XmlData )?", {"ID!": _NAME, "TYPE": _ANY, "LABEL!": _ANY, "DESCRIPTION": _ANY, "URI": _ANY})
_GROUP = ("((OrderedGroup|UnorderedGroup|ElementRef) )+", {"ID!": _NAME, "TAGREFS": _NAMES, "REF": _NAMES})
_TEXT = ("", {})

RULES: dict[str, tuple[str, dict[str, str]]] = {
    "alto": (
        "(Description )?(Styles )?(Tags )?(ReadingOrder )?Layout ",
        {"SCHEMAVERSION": _ANY, f"{XSI}schemaLocation": _ANY},
    ),
    "Description": ("MeasurementUnit (sourceImageInformation )?(OCRProcessing )*(Processing )*", {}),
    "MeasurementUnit": _TEXT,
    "sourceImageInformation": ("(fileName )?(fileIdentifier )*(documentIdentifier )*", {}),
    "fileName": _TEXT,
    "fileIdentifier": ("", {"fileIdentifierLocation": _ANY}),
    "Processing": (
        "(processingCategory )?(processingDateTime )?(processingAgency )?(processingStepDescription )*"
        "(processingStepSettings )?(processingSoftware )?",
        {"ID!": _NAME},
    ),
    "processingCategory": _TEXT,
    "processingSoftware": (
        "(softwareCreator )?(softwareName )?(softwareVersion )?(applicationDescription )?", {},
    ),
    "softwareName": _TEXT,
    "softwareVersion": _TEXT,
    "Styles": ("(TextStyle )*(ParagraphStyle )*", {}),
    "TextStyle": (
        "",
        {
            "ID": _NAME, "FONTFAMILY": _ANY, "FONTTYPE": "serif|sans-serif", "FONTWIDTH": "proportional|fixed",
            "FONTSIZE": _FLOAT, "FONTCOLOR": "([0-9A-Fa-f]{2})*", "FONTSTYLE": rf"{_STYLES}( {_STYLES})*",
        },
    ),
    "Tags": ("((LayoutTag|StructureTag|RoleTag|NamedEntityTag|OtherTag) )*", {}),
    "LayoutTag": _TAG,
    "OtherTag": _TAG,
    "ReadingOrder": ("((OrderedGroup|UnorderedGroup) )+", {}),
    "OrderedGroup": _GROUP,
    "ElementRef": ("", {"ID!": _NAME, "REF!": _NAMES, "TAGREFS": _NAMES}),
    "Layout": ("(Page )+", {"STYLEREFS": _NAMES}),
    "Page": (
        "(TopMargin )?(LeftMargin )?(RightMargin )?(BottomMargin )?(PrintSpace )?",
        {
            "ID!": _NAME, "PAGECLASS": _ANY, "STYLEREFS": _NAMES, "PROCESSINGREFS": _NAMES, "HEIGHT": _FLOAT,
            "WIDTH": _FLOAT, "PHYSICAL_IMG_NR!": _FLOAT, "PRINTED_IMG_NR": _ANY, "POSITION": "Left|Right|Single",
            "ACCURACY": _FLOAT, "PC": _SHARE, "ROTATION": _FLOAT, "LANG": _LANGUAGE,
        },
    ),
    **dict.fromkeys(("TopMargin", "LeftMargin", "RightMargin", "BottomMargin", "PrintSpace"), _SPACE),
    "TextBlock": ("(Shape )?(TextLine )*", {**_BLOCK, "LANG": _LANGUAGE, "BASEDIRECTION": _DIRECTION}),
    "Illustration": ("(Shape )?", {**_BLOCK, "TYPE": _ANY, "FILEID": _ANY}),
    "ComposedBlock": (f"(Shape )?({_BLOCKS} )*", {**_BLOCK, "TYPE": _ANY, "FILEID": _ANY}),
    "TextLine": (
        "(Shape )?(String (SP )?)+(HYP )?",
        {
            "ID": _NAME, **_REFERENCES, **_PLACE, "LANG": _LANGUAGE, "BASEDIRECTION": _DIRECTION,
            "BASELINE": rf"{_FLOAT},{_FLOAT}( {_FLOAT},{_FLOAT})*",
        },
    ),
    "String": (
        "(Shape )?(ALTERNATIVE )*(Glyph )*",
        {
            "ID": _NAME, **_REFERENCES, **_PLACE, "CONTENT!": _ANY, "STYLE": rf"{_STYLES}( {_STYLES})*",
            "SUBS_TYPE": "HypPart1|HypPart2|Abbreviation", "SUBS_CONTENT": _ANY, "WC": _SHARE, "LANG": _LANGUAGE,
        },
    ),
    "SP": ("", {"ID": _NAME, **_PLACE}),
    "HYP": ("", {**_PLACE, "CONTENT!": _ANY}),
    "Shape": ("(Polygon|Ellipse|Circle) ", {}),
    "Polygon": ("", {"POINTS!": rf"{_FLOAT},{_FLOAT}( {_FLOAT},{_FLOAT})+"}),
}  # fmt: skip


def violations(root: etree._Element) -> list[str]:
    """What breaks the rules; an empty list for a valid file."""
    found = []
    identifiers = [element.get("ID") for element in root.iter() if element.get("ID") is not None]
    if len(set(identifiers)) < len(identifiers):
        found.append("an identifier stands twice")
    for element in root.iter():
        name = str(element.tag).removeprefix(NAMESPACE)
        if name not in RULES:
            found.append(f"no element {name}")
            continue
        children, attributes = RULES[name]
        inside = "".join(f"{str(child.tag).removeprefix(NAMESPACE)} " for child in element)
        if not re.fullmatch(children, inside):
            found.append(f"{name} holds {inside}")
        if len(element) and (element.text or "").strip():
            found.append(f"{name} holds text beside elements")
        types = {key.rstrip("!"): kind for key, kind in attributes.items()}
        for key, value in element.attrib.items():
            if key not in types:
                found.append(f"{name} has no attribute {key}")
            elif not re.fullmatch(types[key], value):
                found.append(f"{name}/@{key} = {value!r}")
            if key in ("STYLEREFS", "TAGREFS", "PROCESSINGREFS", "REF"):
                found += [f"{key} {ref} names nothing" for ref in value.split() if ref not in identifiers]
        found += [
            f"{name} without {key[:-1]}"
            for key in attributes
            if key[-1] == "!" and key[:-1] not in element.attrib
        ]
    return found
