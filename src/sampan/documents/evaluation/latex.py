"""LaTeX formulas as plain Unicode text, and as a canonical string for comparison."""

from __future__ import annotations

import re

# fmt: off
_GREEK = ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau "
          "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega")
_SYMBOLS = {
    **dict(zip(_GREEK.split(), "αβγδϵζηθικλμνξοπρστυϕχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True)),
    "varepsilon": "ε", "vartheta": "ϑ", "varphi": "φ", "varrho": "ϱ", "varsigma": "ς", "varpi": "ϖ",
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "ast": "∗", "star": "⋆", "circ": "∘",
    "bullet": "∙", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "approx": "≈",
    "equiv": "≡", "sim": "∼", "propto": "∝", "ll": "≪", "gg": "≫", "in": "∈", "notin": "∉", "subset": "⊂",
    "subseteq": "⊆", "supset": "⊃", "cup": "∪", "cap": "∩", "emptyset": "∅", "forall": "∀", "exists": "∃",
    "neg": "¬", "wedge": "∧", "vee": "∨", "to": "→", "rightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒",
    "Leftarrow": "⇐", "leftrightarrow": "↔", "Leftrightarrow": "⇔", "mapsto": "↦", "uparrow": "↑",
    "downarrow": "↓", "infty": "∞", "partial": "∂", "nabla": "∇", "sum": "∑", "prod": "∏", "int": "∫",
    "oint": "∮", "sqrt": "√", "angle": "∠", "perp": "⊥", "parallel": "∥", "triangle": "△", "degree": "°",
    "prime": "′", "ldots": "…", "cdots": "⋯", "dots": "…", "vdots": "⋮", "hbar": "ℏ", "ell": "ℓ", "Re": "ℜ",
    "Im": "ℑ", "langle": "⟨", "rangle": "⟩", "oplus": "⊕", "otimes": "⊗", "therefore": "∴", "because": "∵",
    "%": "%", "&": "&", "#": "#", "$": "$", "_": "_", "{": "{", "}": "}", "|": "‖",
}
_FUNCTIONS = frozenset((
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log",
    "ln", "exp", "lim", "max", "min", "sup", "inf", "det", "dim", "ker", "arg", "gcd", "deg", "Pr", "mod",
))
# fmt: on
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?|\\(.)", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}(?:\s*\{[lcr|@{}!\s]*\})?")
_DELIMITERS = re.compile(r"^\s*(?:\$\$?|\\\[|\\\()|(?:\$\$?|\\\]|\\\))\s*$")
_ARGUMENT_DROPPED = re.compile(r"\\(?:tag\*?|label|hspace\*?|vspace\*?|color)\s*\{[^{}]*\}")
_TYPOGRAPHY = re.compile(
    r"\\(?:mathbf|mathrm|mathit|mathsf|mathtt|mathcal|mathbb|mathfrak|boldsymbol|bm|text|textbf|textrm|textit|"
    r"operatorname|mbox|left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|quad|qquad|displaystyle|textstyle|"
    r"scriptstyle|limits|nolimits|rm|bf|it|cal|nonumber|notag)(?![A-Za-z])\*?|\\[,;:! ]|~"
)


def strip_delimiters(latex: str) -> str:
    """A formula without `$`, `$$`, `\\[`, `\\(` around it."""
    return _DELIMITERS.sub("", latex).strip()


def normalise_formula(latex: str) -> str:
    """What formulas are compared by: no delimiters, tags, wrappers, fonts, spacing or blanks; lower case.

    OmniDocBench's rule for the edit distance of formulas.
    """
    latex = strip_delimiters(latex)
    latex = _ARGUMENT_DROPPED.sub("", latex)
    latex = _ENVIRONMENT.sub("", latex)
    latex = _TYPOGRAPHY.sub("", latex)
    return re.sub(r"\s+", "", latex).lower()


def formula_lines(latex: str) -> list[str]:
    """Lines of a one-column array or aligned block; anything else is one line."""
    body = strip_delimiters(latex)
    block = re.fullmatch(
        r"\\begin\s*\{(array|aligned|align\*?|gather(?:ed)?\*?|split|eqnarray\*?)\}(?:\s*\{([lcr|\s]*)\})?(.*)\\end\s*\{\1\}",
        body,
        re.DOTALL,
    )
    if block is None:
        return [body]
    columns = re.sub(r"[|\s]", "", block.group(2) or "")
    if len(columns) > 1 or r"\begin" in block.group(3):
        return [body]
    lines = [line.replace("&", "").strip() for line in re.split(r"\\\\(?:\s*\[[^\]]*\])?", block.group(3))]
    return [line for line in lines if line] or [body]


def join_lines(lines: list[str]) -> str:
    """One formula of several lines."""
    if len(lines) == 1:
        return lines[0]
    return r"\begin{array}{l}" + r" \\ ".join(lines) + r"\end{array}"


def latex_to_text(latex: str) -> str:
    """A formula as a person would type it: symbols in Unicode, fractions as a/b, grouping braces gone."""
    text = strip_delimiters(latex)
    text = _ARGUMENT_DROPPED.sub("", text)
    text = _ENVIRONMENT.sub("", text)
    for _ in range(8):  # nested fractions
        replaced = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text)
        if replaced == text:
            break
        text = replaced

    def symbol(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        return name if name in _FUNCTIONS else " "

    text = _COMMAND.sub(symbol, text)
    return re.sub(r"[{}^_&~]", "", text)
