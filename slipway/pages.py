"""HTML pages, each one file that asks for nothing else and lets nothing in.

Everything that a template is given is escaped. A page's policy lets it run its own script and style, known by their
hashes, and nothing more, so text that would slip through could neither run nor send anything anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FOLDER = Path(__file__).with_name("templates")
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def fill(template: str, **context: Any) -> Markup:
    """A template of the folder `templates` with what is said in it."""
    return Markup(_TEMPLATES.get_template(template).render(context))


def text(file: str) -> str:
    """A style or a script of the same folder."""
    return (_FOLDER / file).read_text(encoding="utf-8")


def page(title: str, body: Markup, *, style: str, script: str = "") -> str:
    """The whole file."""
    policy = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": _hash(script) if script else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return fill(
        "page.html.j2",
        title=title,
        body=body,
        style=Markup(style),
        script=Markup(script),
        policy="; ".join(f"{key} {value}" for key, value in policy.items()),
    )


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
