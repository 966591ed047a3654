"""
Several script modules as one script.

A page opened from a disk may not load other files, so the modules that the site serves one by one are
put into one script: every module becomes a function of its own and keeps its names to itself.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

_IMPORT = re.compile(r"^import \{([^}]*)\} from '([^']+)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\b", re.MULTILINE)


def join_modules(entry: str, read: Callable[[str], str]) -> str:
    """
    Return one classic script that does what the module ``entry`` does.

    Parameters
    ----------
    entry : path of the module that starts, such as ``verify-page.js``.
    read : gives the source of the module at a path.

    Returns
    -------
    Source without ``import`` or ``export``; every module stands once, after those it needs.

    Raises
    ------
    ValueError
        When modules need each other in a circle, or use a form of import or export other than
        ``import { a } from './b.js';`` and ``export`` before a function, constant or class.
    """
    done: dict[str, str] = {}
    _add(entry, read, done, ())
    return "(() => {\n'use strict';\nconst modules = {};\n" + "".join(done.values()) + "})();\n"


def _add(
    path: str, read: Callable[[str], str], done: dict[str, str], above: tuple[str, ...]
) -> None:
    if path in above:
        raise ValueError(f"entry: {path} needs itself through {' → '.join(above)}")
    if path in done:
        return
    source = read(path)
    for found in _IMPORT.finditer(source):
        _add(_beside(path, found[2]), read, done, (*above, path))
    done[path] = _wrapped(path, source)


def _beside(path: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _wrapped(path: str, source: str) -> str:
    names = [found[1] for found in _EXPORT.finditer(source)]
    body = _EXPORT.sub("", source)
    body = _IMPORT.sub(
        lambda found: f"const {{{found[1]}}} = modules['{_beside(path, found[2])}'];\n", body
    )
    if _LEFT_OVER.search(body):
        raise ValueError(f"entry: {path} has an import or export that cannot be joined")
    return f"modules['{path}'] = (() => {{\n{body}return {{ {', '.join(names)} }};\n}})();\n"
