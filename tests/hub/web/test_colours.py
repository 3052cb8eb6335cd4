"""The colours of the page: text can be read, and the documentation names the colours."""

import colorsys
import re
from itertools import product
from pathlib import Path
from typing import Final, TypeAlias

import pytest

ROOT: Final = Path(__file__).parents[3]
DARK: Final = "@media (prefers-color-scheme: dark)"
LEAST_OF_TEXT: Final = 4.5  # WCAG 2.2, 1.4.3
LEAST_OF_LINES: Final = 3.0  # 1.4.11

Colour: TypeAlias = tuple[float, float, float]


def variables() -> dict[str, dict[str, str]]:
    """The variables of tokens.css by scheme; the dark one overrides some of the light one."""
    light, _, dark = (ROOT / "hub/web/app/style/tokens.css").read_text().partition(DARK)
    pattern = re.compile(r"--([\w-]+): ([^;]+);")
    both = dict(pattern.findall(light))
    return {"light": both, "dark": both | dict(pattern.findall(dark))}


SCHEMES: Final = variables()

SURFACES: Final = ("paper", "panel", "raised", "hover", "selected", "mine", "theirs")
TEXTS: Final = [
    *product(("ink", "faint"), SURFACES),
    *product(("accent",), ("paper", "panel", "mine", "theirs")),
    *product(("bad",), ("paper", "panel")),
    ("on-accent", "accent"),
    ("on-warn", "warn"),
]


def parsed(value: str) -> Colour:
    red, green, blue = (int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def of_hue(hue: int, value: str) -> Colour:
    saturation, lightness = (float(part) / 100 for part in re.findall(r"(\d+)%", value))
    return colorsys.hls_to_rgb(hue / 360, lightness, saturation)


def luminance(colour: Colour) -> float:
    parts = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in colour
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Colour, other: Colour) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("text", "surface"), TEXTS)
def test_text_can_be_read_on_every_surface(scheme: str, text: str, surface: str) -> None:
    colours = SCHEMES[scheme]
    assert contrast(parsed(colours[text]), parsed(colours[surface])) >= LEAST_OF_TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("surface", ["paper", "panel", "raised"])
def test_lines_of_controls_can_be_seen(scheme: str, surface: str) -> None:
    colours = SCHEMES[scheme]
    assert contrast(parsed(colours["line"]), parsed(colours[surface])) >= LEAST_OF_LINES


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_colours_of_users_can_be_read_in_every_hue(scheme: str) -> None:
    colours = SCHEMES[scheme]
    for hue in range(360):
        letters = of_hue(hue, colours["person"])
        for behind in (of_hue(hue, colours["person-tint"]), parsed(colours["theirs"])):
            assert contrast(letters, behind) >= LEAST_OF_TEXT, hue


def test_the_documentation_names_the_colours_as_they_are() -> None:
    page = (ROOT / "docs/web-client.md").read_text()
    rows = re.findall(
        r"^\| ((?:`--[\w-]+`(?:, )?)+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE
    )
    named = {scheme: dict[str, str]() for scheme in SCHEMES}
    for names, *cells in rows:
        for scheme, cell in zip(SCHEMES, cells, strict=True):
            values = re.findall(r"#[0-9a-f]{6}", cell)
            if values:
                named[scheme] |= zip(re.findall(r"--([\w-]+)", names), values, strict=True)
    for scheme, colours in named.items():
        assert len(colours) > 10
        assert colours == {name: SCHEMES[scheme][name] for name in colours}
