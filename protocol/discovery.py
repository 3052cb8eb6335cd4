"""Finds dialects: every folder of a package that defines `DIALECT` is one; nothing lists them.

Guarantees: each is a `Dialect` or an `EventDialect`, and no two claim one path or namespace.
Must not know: any dialect by name.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from attrs import frozen

from protocol.dialect import Dialect, EventDialect


@frozen
class Dialects:
    """The dialects that a hub serves.

    Args:
        by_path: the dialects over WebSocket, by request path; a dialect may have several.
        by_namespace: the dialects over Socket.IO.
    """

    by_path: Mapping[str, Dialect]
    by_namespace: Mapping[str, EventDialect]


def find_dialects(*packages: ModuleType) -> Dialects:
    """The dialects in these packages, such as `protocol.dialects`.

    Raises:
        ValueError: two claim the same path or namespace.
        TypeError: a `DIALECT` is neither a `Dialect` nor an `EventDialect`.
    """
    by_path: dict[str, Dialect] = {}
    by_namespace: dict[str, EventDialect] = {}
    for name in sorted(_modules(packages)):
        dialect = importlib.import_module(name).DIALECT
        if isinstance(dialect, Dialect):
            for path in dialect.paths:
                if path in by_path:
                    raise ValueError(f"{path} is claimed by {by_path[path].name}, {dialect.name}")
                by_path[path] = dialect
        elif isinstance(dialect, EventDialect):
            if dialect.namespace in by_namespace:
                raise ValueError(f"the namespace {dialect.namespace} is claimed twice")
            by_namespace[dialect.namespace] = dialect
        else:
            raise TypeError(f"{name}.DIALECT fulfils no protocol of protocol.dialect")
    return Dialects(MappingProxyType(by_path), MappingProxyType(by_namespace))


def _modules(packages: tuple[ModuleType, ...]) -> list[str]:
    return [
        f"{package.__name__}.{module.name}"
        for package in packages
        for module in pkgutil.iter_modules(package.__path__)
    ]
