"""The names that the content of a message may mention."""

from time import perf_counter

import pytest

from protocol.parsing.mentions import MAX_MENTIONS, Candidate, candidates_in


def names_in(content: str) -> list[str]:
    return [each.bare for each in candidates_in(content).names]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("hi @ann", ["ann"]),
        ("@Ann, @ben. (@carl) *@dora*!", ["ann", "ben", "carl", "dora"]),
        ("@ann's and @ann…", ["ann", "ann"]),
        ('@"Ann B" and @AI', ["ann b", "ai"]),
        ("@ＡＮＮ @田中さん、やあ @हिन्दी।", ["ann", "田中さん", "हिन्दी"]),  # noqa: RUF001
        ("@ann/ben @ann:hi", ["ann"]),
        ("mail ann@ann.com, a.@b, @x@y", []),
        ("https://x.org/@ann http://@ann www.x.org/@ann mailto:@ann", []),
        ("@ @@ann @", []),
        ("nobody", []),
    ],
)
def test_names_stand_behind_an_at_sign(content: str, names: list[str]) -> None:
    assert names_in(content) == names


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("`@ann` @ben `x`@carl", ["ben", "carl"]),
        ("``@ann ` @ann`` @ben", ["ben"]),
        ("` @ann `` @ben", ["ann", "ben"]),  # no code: it does not end
        ("a ` b\n\n@ann ` c", ["ann"]),  # nor does it go on in the next paragraph
        ("`a\n@ann` @ben", ["ben"]),
        (r"`\` @ann `x`", ["ann"]),
        (r"\`@ann` \``@ben`", ["ann"]),
        ("```\n@ann\n```\n@ben", ["ben"]),
        ("   ~~~~ text\r\n@ann\r\n~~~\n```\n@ann\r\n~~~~~ \r\n@ben", ["ben"]),
        ("@ben\n```\n@ann\n``` x\n@ann", ["ben"]),
        ("    ```\n@ann", ["ann"]),
        ("``` a`b\n@ann", ["ann"]),
        (r"\@ann \\@ben @carl\@ann \@@ann", ["ben", "carl"]),
        ("~~ @ann ~~ ~~~ @ben", ["ann", "ben"]),
    ],
)
def test_code_and_escaped_at_signs_mention_no_user(content: str, names: list[str]) -> None:
    assert names_in(content) == names


@pytest.mark.parametrize("content", ["`@channel`", "```\n@channel", r"\@channel"])
def test_code_and_escaped_at_signs_do_not_mention_the_channel(content: str) -> None:
    assert not candidates_in(content).channel


def test_punctuation_at_the_end_may_be_a_part_of_a_name() -> None:
    assert candidates_in("@bob_ @o'neil").names == (
        Candidate("bob_", "bob"),
        Candidate("o'neil", "o"),
    )


@pytest.mark.parametrize("content", ["@channel", "hey @Channel!", '@"channel"'])
def test_the_channel_is_no_name(content: str) -> None:
    found = candidates_in(content)
    assert (found.names, found.channel) == ((), True)


def test_the_number_of_names_is_limited() -> None:
    content = " ".join(f"@u{number} @U{number}" for number in range(1_000)) + " @channel"
    found = candidates_in(content)
    assert [each.name for each in found.names] == [f"u{number}" for number in range(MAX_MENTIONS)]
    assert found.channel


def test_a_name_is_no_longer_than_a_username() -> None:
    assert names_in("@" + "a" * 200) == ["a" * 200]
    assert names_in("@" + "a" * 201) == []


@pytest.mark.parametrize(
    "part",
    [
        "@",
        "@a",
        "a",
        '@"',
        '@"a',
        " @",
        f" @{'b' * 300}",
        "www.",
        "http://@",
        "@.",
        "'",
        "@'",
        "`",
        "`a``b```",
        "`a\n\n",
        "```\n",
        "~~~a\n",
        "\\`",
        "\\@",
        "".join("`" * number + "a" for number in range(1_000)),
    ],
)
def test_a_million_characters_are_parsed_within_seconds(part: str) -> None:
    began = perf_counter()
    candidates_in("@" + part * (1_000_000 // len(part)) + "`")
    assert perf_counter() - began < 5
