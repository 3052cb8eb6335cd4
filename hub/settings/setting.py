"""A setting's metadata: name, parser, default, meaning.

Guarantees: name, default, bounds, unit, secrecy and meaning stand in one place, the field; an error
about a value names the setting and what is accepted, and never a secret. Must not know: which
settings there are, where values come from.
"""

from enum import Enum
from typing import Any, Final, TypeVar, cast

from attrs import Attribute, Converter, field, fields, frozen

from hub.settings.parsers import NotAccepted, Parser
from hub.settings.redaction import redact

T = TypeVar("T")
D = TypeVar("D")

VARIABLE_PREFIX: Final = "PARLOUR_"


class ConfigError(Exception):
    """A setting is not accepted; the text names it, its source, and what would be accepted."""


@frozen
class Setting:
    """A setting's metadata.

    Args:
        name: as in `Config` and in the settings file.
        parser: reads its values.
        default: the value when nothing is given.
        meaning: what it does, in one sentence.
    """

    name: str
    parser: Parser[Any]
    default: object
    meaning: str

    @property
    def flag(self) -> str:
        """As on the command line: `--port`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """As in the environment: `PARLOUR_PORT`."""
        return VARIABLE_PREFIX + self.name.upper()

    def accept(self, value: object, source: str) -> object:
        """The value as `Config` holds it.

        Args:
            value: text, a TOML value, or a result of this method.
            source: where it came from, for the error.

        Raises:
            ConfigError: it is not accepted.
        """
        if value is None and self.default is None:
            return None
        try:
            return self.parser.parse(value)
        except ValueError as error:
            given = "the value given" if self.parser.is_secret else redact(repr(value))
            reason = f" ({error})" if isinstance(error, NotAccepted) and error.args else ""
            takes = f"{self.parser.accepts} {self.parser.unit}".rstrip()
            raise ConfigError(
                f"{source}: {given} is not accepted{reason}; it takes {takes}"
            ) from None

    def show(self, value: object) -> str:
        """The value for people, without what is secret in it."""
        match value:
            case None | ():
                return "none"
            case bool():
                return "yes" if value else "no"
            case float():
                return f"{value:g}"
            case Enum():
                return str(value.value)
            case tuple():
                return ", ".join(dict.fromkeys(map(self.show, value)))
            case _:
                return redact(str(value))


def setting(parser: Parser[T], default: D, meaning: str) -> T | D:
    """The field of a setting, in an attrs class.

    Args:
        parser: reads its values, and describes them.
        default: the value when nothing is given.
        meaning: what it does, in one sentence.
    """
    made = field(
        default=default, converter=_CONVERTER, metadata={_PARSER: parser, _MEANING: meaning}
    )
    return cast("T | D", made)


def settings_of(config: type) -> tuple[Setting, ...]:
    """The settings of an attrs class, in the order of its fields."""
    return tuple(map(_setting_of, fields(config)))


_PARSER: Final = "parser"
_MEANING: Final = "meaning"


def _setting_of(attribute: "Attribute[Any]") -> Setting:
    metadata = attribute.metadata
    return Setting(attribute.name, metadata[_PARSER], attribute.default, metadata[_MEANING])


def _convert(value: object, attribute: "Attribute[Any]") -> object:
    return _setting_of(attribute).accept(value, attribute.name)


_CONVERTER: Final = Converter(_convert, takes_field=True)
