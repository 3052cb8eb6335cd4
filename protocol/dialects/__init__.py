"""Every module beside this file is a wire dialect and defines `DIALECT`; nothing lists them.

Guarantees: each is a `Dialect`, and no two claim one path. Must not know: any dialect by name.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from protocol.dialect import Dialect


def _discover() -> Mapping[str, Dialect]:
    by_path: dict[str, Dialect] = {}
    for module in pkgutil.iter_modules(__path__):
        dialect = importlib.import_module(f"{__name__}.{module.name}").DIALECT
        if not isinstance(dialect, Dialect):
            raise TypeError(f"{module.name}.DIALECT does not fulfil protocol.dialect.Dialect")
        for path in dialect.paths:
            if path in by_path:
                raise ValueError(f"{path} is claimed by {by_path[path].name} and {dialect.name}")
            by_path[path] = dialect
    return MappingProxyType(by_path)


BY_PATH: Final[Mapping[str, Dialect]] = _discover()
