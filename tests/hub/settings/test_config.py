"""Where settings come from, and what is refused."""

from pathlib import Path

import pytest
from attrs import fields

from hub.settings.config import SETTINGS, Config, ConfigError, describe_settings, load_config


def refusal(
    flags: dict[str, object] | None = None,
    environ: dict[str, str] | None = None,
    file: Path | None = None,
) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(flags or {}, environ or {}, file)
    return str(caught.value)


def toml(folder: Path, text: str) -> Path:
    path = folder / "parlour.toml"
    path.write_text(text)
    return path


def test_nothing_given_means_defaults() -> None:
    assert load_config({}, {"PATH": "/bin"}, None) == Config()


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    path = toml(tmp_path, 'port = 1\nhost = "file"\nlog_level = "error"\n')
    config = load_config(
        {"port": "3", "host": None}, {"PARLOUR_PORT": "2", "PARLOUR_HOST": "env"}, path
    )
    assert (config.port, config.host, config.log_level) == (3, "env", "error")


def test_a_list_is_written_with_commas_or_as_a_toml_list(tmp_path: Path) -> None:
    origins = ("https://a.example", "http://b.example:8080")
    path = toml(tmp_path, f"allowed_origins = {list(origins)}")
    assert load_config({}, {}, path).allowed_origins == origins
    variable = {"PARLOUR_ALLOWED_ORIGINS": " https://a.example, http://b.example:8080 "}
    assert load_config({}, variable, None).allowed_origins == origins


@pytest.mark.parametrize(
    ("name", "value", "accepts"),
    [
        ("port", "70000", "0 to 65535"),
        ("port", "eighty", "0 to 65535"),
        ("port", "1.5", "0 to 65535"),
        ("presence_grace", "nan", "0 to 300 s"),
        ("presence_grace", "-1", "0 to 300 s"),
        ("log_level", "loud", "debug, info, warning, error"),
        ("allowed_origins", "https://a.example/path", "origins like"),
        ("allowed_origins", "https://a.example:99999", "origins like"),
        ("allowed_origins", "app.example", "origins like"),
        ("trusted_proxies", "proxy.example", "IP addresses"),
        ("host", " ", "an address or name"),
        ("tls_cert", "/no/such/file.pem", "a PEM file"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_what_is_accepted(
    name: str, value: str, accepts: str
) -> None:
    for text in (
        refusal({name: value}),
        refusal(environ={f"PARLOUR_{name.upper()}": value}),
    ):
        assert name.replace("_", "-") in text.lower().replace("_", "-")
        assert accepts in text


@pytest.mark.parametrize("value", ["true", "[1]", "{}"])
def test_a_toml_value_of_another_type_is_refused(tmp_path: Path, value: str) -> None:
    assert "0 to 65535" in refusal(file=toml(tmp_path, f"port = {value}"))


def test_a_misspelt_name_is_refused_in_the_spelling_of_its_source(tmp_path: Path) -> None:
    assert "did you mean PARLOUR_PORT?" in refusal(environ={"PARLOUR_PROT": "1"})
    assert "did you mean port?" in refusal(file=toml(tmp_path, "prot = 1"))
    assert "there is no setting zzz" in refusal(environ={"PARLOUR_ZZZ": "1"})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "missing.toml" in refusal(file=tmp_path / "missing.toml")
    assert "parlour.toml" in refusal(file=toml(tmp_path, "port ="))


@pytest.mark.parametrize(
    "url", ["mysql://me:hunter2@db/x", "postgresql://me:hunter2@[db/x", "hunter2"]
)
def test_a_database_url_is_never_shown(url: str) -> None:
    assert "hunter2" not in refusal({"database_url": url})
    config = load_config({"database_url": "postgresql://me:hunter2@db/x"}, {}, None)
    assert "hunter2" not in repr(config)


def test_tls_needs_both_files(tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("x")
    assert "together" in refusal({"tls_cert": str(certificate)})


def test_every_setting_has_one_row_in_the_table() -> None:
    assert [setting.name for setting in SETTINGS] == [field.name for field in fields(Config)]


def test_the_manual_shows_the_table() -> None:
    manual = Path(__file__).parents[3] / "docs" / "configuration.md"
    assert describe_settings() in manual.read_text()
