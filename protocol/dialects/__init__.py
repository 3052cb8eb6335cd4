"""Every folder beside this file is a wire dialect and defines `DIALECT`; nothing lists them.

Guarantees: each is a `Dialect` or an `EventDialect`, and no two claim one path or namespace.
Must not know: any dialect by name.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from protocol.dialect import Dialect, EventDialect


def _discover() -> tuple[Mapping[str, Dialect], Mapping[str, EventDialect]]:
    by_path: dict[str, Dialect] = {}
    by_namespace: dict[str, EventDialect] = {}
    for module in pkgutil.iter_modules(__path__):
        dialect = importlib.import_module(f"{__name__}.{module.name}").DIALECT
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
            raise TypeError(f"{module.name}.DIALECT fulfils no protocol of protocol.dialect")
    return MappingProxyType(by_path), MappingProxyType(by_namespace)


_FOUND: Final = _discover()
BY_PATH: Final = _FOUND[0]
BY_NAMESPACE: Final = _FOUND[1]
