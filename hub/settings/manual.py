"""The table of settings in docs/configuration.md, and the help of a flag.

Must not know: any setting.
"""

from collections.abc import Iterable

from hub.settings.setting import Setting

HEADINGS = ("setting", "type", "unit", "default", "accepts", "what it does")


def describe(settings: Iterable[Setting]) -> str:
    """A Markdown table with one row for each setting."""
    rows = [HEADINGS, ("---",) * len(HEADINGS)]
    for each in settings:
        parser = each.parser
        default = f"`{each.show(each.default)}`" if each.default not in (None, ()) else "none"
        row = (f"`{each.name}`", parser.kind, parser.unit, default, parser.accepts, each.meaning)
        rows.append(row)
    return "".join("| " + " | ".join(cell or "-" for cell in row) + " |\n" for row in rows)


def help_of(setting: Setting) -> str:
    """One flag in `--help`."""
    parser = setting.parser
    takes = f"{parser.accepts} {parser.unit}".rstrip()
    return f"{setting.meaning} [{takes}; default: {setting.show(setting.default)}]"
