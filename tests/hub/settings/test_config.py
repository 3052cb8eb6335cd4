"""Which values a `Config` accepts, and how it shows them."""

from pathlib import Path
from typing import Any

import pytest
from attrs import asdict, astuple, evolve, fields

from hub.settings.choices import AudienceRule, LogFormat, Registration
from hub.settings.config import SETTINGS, Config, Conflict
from hub.settings.manual import describe, help_of
from hub.settings.parsers import Bucket
from hub.settings.redaction import Secret
from hub.settings.setting import ConfigError

MANUAL = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_values_are_parsed_to_the_types_of_their_fields() -> None:
    given: dict[str, Any] = {
        "port": "0",
        "web_client": "no",
        "presence_audience": "everyone",
        "jwt_secret": "x" * 16,
        "session_secrets": ["y" * 16],
        "data_dir": "here",
    }
    config = Config(**given)
    assert config.port == 0
    assert config.web_client is False
    assert config.presence_audience is AudienceRule.EVERYONE
    assert config.jwt_secret == Secret("x" * 16)
    assert config.session_secrets == (Secret("y" * 16),)
    assert config.data_dir == Path("here")
    assert evolve(config, port=1).jwt_secret == config.jwt_secret


def test_no_secret_is_in_the_repr_of_a_config_or_of_its_fields() -> None:
    long = "hunter2-hunter2-hunter2"
    given: dict[str, Any] = {}
    for setting in SETTINGS:
        if setting.parser.is_secret:
            schemes = {"assistant_url": "https", "s3_endpoint": "https", "bus": "redis+sentinel"}
            scheme = schemes.get(setting.name, "postgresql")
            is_url = setting.parser.kind in ("URL", "bus")
            given[setting.name] = f"{scheme}://me:{long}@a.example/x" if is_url else long
    config = Config(**given, uploads=Bucket("bucket"))
    for text in (
        repr(config),
        str(config),
        f"{config}",
        repr(asdict(config)),
        repr(astuple(config)),
    ):
        assert "hunter2" not in text
        assert text.count("(set)") == len(given) - text.count("***@a.example") == 8


def test_no_config_holds_a_value_that_is_not_accepted() -> None:
    with pytest.raises(ConfigError, match=r"^port: 70000 is not accepted; it takes 0 to 65535$"):
        Config(port=70_000)
    with pytest.raises(ConfigError, match="host: None is not accepted"):
        Config(host=None)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_default_is_accepted_and_a_setting_is_described(setting: Any) -> None:
    if setting.default is not None:
        assert setting.parser.parse(setting.default) == setting.default
    if setting.default not in (None, ()):
        assert setting.parser.parse(setting.show(setting.default)) == setting.default
    assert setting.meaning[0].isupper() or setting.meaning[0] == "`"
    assert setting.meaning.endswith(".")
    assert setting.meaning.count(". ") == 0, "one sentence"
    assert setting.parser.accepts
    if setting.parser.kind in ("whole number", "number"):
        assert setting.parser.unit or setting.name == "port"


def test_every_field_is_a_setting() -> None:
    assert [setting.name for setting in SETTINGS] == [field.name for field in fields(Config)]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"tls_cert": __file__}, ("tls_cert", "tls_key")),
        ({"tls_key": __file__}, ("tls_cert", "tls_key")),
        (
            {"express_sessions_url": "postgresql://db/x"},
            ("express_sessions_url", "session_secrets"),
        ),
        ({"max_content_chars": 20_000}, ("max_frame_bytes", "max_content_chars")),
        ({"oidc_issuer": "https://a.example"}, ("oidc_issuer", "oidc_client_id")),
        ({"oidc_client_id": "hub"}, ("oidc_issuer", "oidc_client_id")),
        (
            {"oidc_issuer": "https://a.example", "oidc_client_id": "hub"},
            ("oidc_issuer", "public_url"),
        ),
        ({"email_hook": __file__}, ("email_hook", "public_url")),
        ({"registration": "provider"}, ("registration", "oidc_issuer")),
        ({"outbox_bytes": 15_999}, ("outbox_bytes", "max_content_chars")),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    values: dict[str, Any], names: tuple[str, ...]
) -> None:
    with pytest.raises(Conflict) as caught:
        Config(**values)
    assert caught.value.names == names
    assert all(name in str(caught.value) for name in names)


def test_settings_that_fit_together_are_accepted() -> None:
    file = Path(__file__)
    Config(tls_cert=file, tls_key=file)
    Config(express_sessions_url=Secret("postgresql://db/x"), session_secrets=(Secret("x" * 16),))
    Config(max_content_chars=20_000, max_frame_bytes=80_000, outbox_bytes=80_000)


@pytest.mark.parametrize(("name", "shown"), [(None, "id.example"), ("our school", "our school")])
def test_a_provider_is_named_by_its_host_or_by_the_setting(name: str | None, shown: str) -> None:
    assert Config(oidc_name=name).provider_name is None
    config = Config(
        oidc_issuer="https://id.example:8443/realm",
        oidc_client_id="hub",
        oidc_name=name,
        public_url="https://a.example/",
        registration="provider",  # type: ignore[arg-type]  # as in a file
    )
    assert config.provider_name == shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("web_client", True, "yes"),
        ("registration", Registration.CLOSED, "closed"),
        ("log_format", LogFormat.AUTO, "auto"),
        ("presence_grace", 5.0, "5"),
        ("jwt_leeway", 0.25, "0.25"),
        ("recovery_window", 604_800.0, "604800"),
        ("data_dir", Path("a/b"), "a/b"),
        ("jwt_issuer", None, "none"),
        ("allowed_origins", (), "none"),
        ("allowed_origins", ("https://a.example", "https://b.example"),
         "https://a.example, https://b.example"),
        ("session_secrets", (Secret("hunter2"), Secret("hunter3")), "(set)"),
        ("jwt_issuer", "https://me:hunter2@a.example", "https://***@a.example"),
    ],
)  # fmt: skip
def test_how_a_value_is_shown(name: str, value: object, shown: str) -> None:
    (setting,) = (each for each in SETTINGS if each.name == name)
    assert setting.show(value) == shown


def test_the_manual_has_the_table() -> None:
    assert describe(SETTINGS) in MANUAL.read_text()


def test_the_help_of_a_flag_names_what_is_accepted() -> None:
    helps = {setting.name: help_of(setting) for setting in SETTINGS}
    assert helps["session_days"].endswith("[1 to 365 days; default: 7]")


@pytest.mark.parametrize(
    ("url", "origins", "path", "is_only_tls"),
    [
        (None, (), "/", False),
        ("https://a.example/chat/", ("https://a.example",), "/chat/", True),
        ("https://a.example", ("https://a.example",), "/", True),
        ("http://a.example:81/b/c", ("http://a.example:81",), "/b/c/", False),
    ],
)
def test_origins_and_base_path_follow_from_the_public_url(
    url: str | None, origins: tuple[str, ...], path: str, is_only_tls: bool
) -> None:
    config = Config(public_url=url, allowed_origins=("https://other.example",))
    assert config.web_origins == (*origins, "https://other.example")
    assert (config.base_path, config.is_only_tls) == (path, is_only_tls)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://a.b-c/", "s3://a.b-c"),
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("/srv/files", "/srv/files"),
    ],
)
def test_the_place_for_uploads_is_a_folder_or_a_bucket(given: str, shown: str) -> None:
    config = Config(uploads=given)  # type: ignore[arg-type]  # a Config takes text as well
    assert str(config.uploads) == shown
    assert Config(uploads=config.uploads) == config


@pytest.mark.parametrize(
    "given",
    ["s3://", "s3://B", "s3://UPPER/x", "s3://key:secret@bucket", "s3://bucket/../x", "http://x/y",
     "s3://bucket/a b", "s3://bucket/a//b", ""],
)  # fmt: skip
def test_an_invalid_place_for_uploads_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="s3://bucket/prefix"):
        Config(uploads=given)  # type: ignore[arg-type]  # a Config takes text as well


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"s3_access_key": "a"}, "s3_access_key and s3_secret_key are given together"),
        ({"s3_endpoint": "http://s3.example"}, "s3_endpoint needs uploads = s3://"),
        ({"s3_access_key": "a", "s3_secret_key": "b"}, "s3_access_key needs uploads = s3://"),
    ],
)
def test_settings_of_a_bucket_need_each_other_and_a_bucket(
    given: dict[str, Any], says: str
) -> None:
    with pytest.raises(Conflict, match=says):
        Config(**given)
