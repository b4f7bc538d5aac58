"""Settings: what an operator decides, from the environment and one TOML file.

Every setting is declared once, as a field of ``Settings`` with its variable and
its meaning in both languages; loading, the table in the README and the tests
follow from that. A variable wins over the file named by ``YUANBA_CONFIG``, and
the file over the default. In the file a key is the variable in small letters
without ``YUANBA_``.

What is hard: a wrong setting must show at start, in words, and never as an
empty database that nobody meant or a session key that everybody knows.

Invariants
    * ``load_settings`` returns settings that can run, or raises ``SettingsError``
      with one sentence for each thing that is wrong, never only the first.
    * Production has the secret it was given. In development one is drawn once and
      kept in the data folder, readable by its owner alone.
    * No secret and no password appears in ``repr``, ``str`` or an error.

>>> settings = Settings(database_url="postgresql://yuanba:s3cret@db/county", secret="x" * 32)
>>> settings.database_url
'postgresql+psycopg://yuanba:s3cret@db/county'
>>> settings
Settings(database_url='postgresql+psycopg://yuanba:***@db/county', ..., secret='***', ...)
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import os
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

CONFIG_VARIABLE = "YUANBA_CONFIG"
SECRET_LENGTH_MIN = 32

# Variables of ours that are no settings of a server; another name that starts with YUANBA_ is a
# slip of the pen, and a server that ignored it would run on something that nobody meant.
OTHER_VARIABLES = re.compile(r"YUANBA_(CONFIG|VENV|DEMO_\w+|TEST_\w+)")


class SettingsError(ValueError):
    """The settings cannot run a server; the text is one sentence for each reason."""


def _setting(variable: str, default: Any, *, zh: str, en: str, secret: bool = False) -> Any:
    """Declare one setting: its variable, its default, what it is for, whether it is masked."""
    meaning = {"variable": variable, "zh": zh, "en": en, "secret": secret}
    return dataclasses.field(default=default, metadata=meaning)


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """All settings. Made by ``load_settings``; tests make their own."""

    database_url: str = _setting(
        "YUANBA_DATABASE_URL",
        "",
        zh="数据库地址：sqlite:///路径，或 postgresql://用户:密码@主机/库；"
        "默认是数据目录里的 yuanba.db",
        en="The database: sqlite:///path or postgresql://user:password@host/name; "
        "yuanba.db in the data folder by default",
    )
    data_dir: Path = _setting(
        "YUANBA_DATA_DIR",
        Path(".yuanba"),
        zh="数据目录：SQLite 数据库和服务器自己的文件",
        en="The data folder: the SQLite database, and files of the server's own",
    )
    bind: str = _setting(
        "YUANBA_BIND",
        "127.0.0.1:8000",
        zh="监听地址和端口",
        en="The address and port to listen on",
    )
    secret: str = _setting(
        "YUANBA_SECRET",
        "",
        zh="会话签名密钥，至少 32 个字符；生产模式必须设置，开发模式自动生成一次并保存在数据目录",
        en="Signs sessions, at least 32 characters; required in production, "
        "drawn once and kept in the data folder in development",
        secret=True,
    )
    mode: Literal["development", "production"] = _setting(
        "YUANBA_MODE",
        "development",
        zh="运行模式：development（开发）或 production（生产）",
        en="development or production",
    )
    lang: Literal["zh", "en"] = _setting(
        "YUANBA_LANG",
        "zh",
        zh="默认语言：zh 或 en",
        en="The language of those who have not chosen one: zh or en",
    )

    public_address: str = _setting(
        "YUANBA_PUBLIC_ADDRESS",
        "",
        zh="平板和浏览器访问本服务器的地址，如 https://yuanba.example.cn；"
        "登记二维码里写的就是它，默认用管理员浏览器里的地址",
        en="Where tablets and browsers reach this server, like https://yuanba.example.cn; the QR "
        "code to enrol with holds it. By default, the address in the administrator's browser",
    )
    lease_days: str = _setting(
        "YUANBA_LEASE_DAYS",
        "14",
        zh="平板多少天没有与服务器交换后不再显示档案，只显示未上传的工作（1 到 365）",
        en="After how many days (1 to 365) without an exchange a tablet shows no more records, "
        "only the work that it has not handed in",
    )
    proxies: str = _setting(
        "YUANBA_PROXIES",
        "0",
        zh="前面有几层自己的反向代理（0 到 9）；登录和登记的次数限制按它们转告的来访地址计算",
        en="How many reverse proxies of your own stand in front (0 to 9): "
        "limits on signing in and enrolling go by the address that they tell",
    )
    horizon_days: str = _setting(
        "YUANBA_HORIZON_DAYS",
        "400",
        zh="删除记号保留多少天（30 到 3650）；离线更久的平板重新取全部档案，未上传的工作不受影响",
        en="How many days (30 to 3650) deletions are told; a tablet that was away for longer "
        "fetches everything anew, and keeps the work that it has not handed in",
    )
    photo_mb: str = _setting(
        "YUANBA_PHOTO_MB",
        "20",
        zh="一张照片最大多少 MB（1 到 200）",
        en="The largest photo that is taken, in MB (1 to 200)",
    )
    broken: str = _setting(
        "YUANBA_BREAK",
        "",
        zh="仅供演示：关闭一项保护（idempotency、base、scope、eviction）；生产模式下不允许",
        en="For demonstrations: switches one safeguard off "
        "(idempotency, base, scope, eviction); refused in production",
    )

    def __post_init__(self) -> None:
        url = self.database_url or f"sqlite:///{self.data_dir.absolute() / 'yuanba.db'}"
        # SQLAlchemy takes plain "postgresql" for another driver than the one that is installed.
        url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
        object.__setattr__(self, "database_url", url)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={text}' for name, text in self.shown())})"

    def shown(self) -> Iterator[tuple[str, str]]:
        """Names and values, in the order declared, with what is secret masked."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.metadata["secret"] and value:
                yield field.name, "'***'"
            else:
                text = str(value) if isinstance(value, Path) else value
                yield field.name, re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", repr(text))

    @property
    def production(self) -> bool:
        """Whether real people's data are at stake."""
        return self.mode == "production"

    @property
    def photo_bytes(self) -> int:
        """The largest photo that is taken, in bytes."""
        return int(self.photo_mb) * 1_000_000

    @property
    def host(self) -> str:
        """The address of ``bind``, without its port: ``127.0.0.1``, ``::1``."""
        return self.bind.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port of ``bind``."""
        return int(self.bind.rpartition(":")[2])


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One row of the settings table, as documents and tests read it."""

    name: str
    variable: str
    default: str
    zh: str
    en: str
    secret: bool

    @property
    def key(self) -> str:
        """Its name in the TOML file: ``YUANBA_DATA_DIR`` is ``data_dir``."""
        return self.variable.removeprefix("YUANBA_").lower()


def settings_table() -> tuple[Setting, ...]:
    """Every setting with its variable, default and meaning.

    >>> [row.variable for row in settings_table()][:2]
    ['YUANBA_DATABASE_URL', 'YUANBA_DATA_DIR']
    """
    return tuple(
        Setting(name=field.name, default=str(field.default), **field.metadata)
        for field in dataclasses.fields(Settings)
    )


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; makes the data folder, and in development the secret.

    Raises SettingsError, with every reason, when a server cannot run on them.
    """
    environ = os.environ if environ is None else environ
    values = _from_file(environ.get(CONFIG_VARIABLE, "")) | _from_environment(environ)
    problems = [problem for name, value in values.items() for problem in _wrong(name, value)]
    if values.get("mode") == "production" and not values.get("secret"):
        problems.append(
            "In production mode YUANBA_SECRET must be set. Draw one: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    if values.get("mode") == "production" and values.get("broken"):
        problems.append("In production mode YUANBA_BREAK may not be set: it removes a safeguard.")
    if problems:
        raise SettingsError("\n".join(problems))
    if "data_dir" in values:
        values["data_dir"] = Path(values["data_dir"]).expanduser()
    settings = Settings(**values)
    _make_data_folder(settings.data_dir)
    return settings if settings.secret else dataclasses.replace(settings, secret=_drawn(settings))


def _from_file(name: str) -> dict[str, Any]:
    """The settings of the TOML file; a relative data folder is meant beside it."""
    if not name:
        return {}
    path = Path(name).expanduser()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{CONFIG_VARIABLE} names {path}, which cannot be read: {error}."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from None
    names = {row.key: row.name for row in settings_table()}
    unknown = [f"{path}: {_unknown(key, list(names))}" for key in values if key not in names]
    if unknown:
        raise SettingsError("\n".join(unknown))
    values = {names[key]: value for key, value in values.items()}
    if isinstance(values.get("data_dir"), str):
        values["data_dir"] = str(path.parent / Path(values["data_dir"]).expanduser())
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    variables = {row.variable: row.name for row in settings_table()}
    unknown = [
        _unknown(name, list(variables))
        for name in sorted(environ)
        if name.startswith("YUANBA_")
        and name not in variables
        and not OTHER_VARIABLES.fullmatch(name)
    ]
    if unknown:
        raise SettingsError("\n".join(unknown))
    return {
        name: environ[variable] for variable, name in variables.items() if environ.get(variable)
    }


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"There is no setting {name}." + (f" Is {near[0]} meant?" if near else "")


_CHOICES = {
    "mode": ("development", "production"),
    "lang": ("zh", "en"),
    "broken": ("idempotency", "base", "scope", "eviction"),
}


_FORMS = {  # setting: what it must look like, and how that is said
    "bind": (r"(\[[0-9a-f:]+\]|[^\s:\[\]]+):\d{1,5}", "ADDRESS:PORT, like 127.0.0.1:8000"),
    "public_address": (
        r"https?://([a-zA-Z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?/?",
        "like https://yuanba.example.cn, with nothing after name and port",
    ),
    "lease_days": (r"[1-9]\d?|[12]\d\d|3[0-5]\d|36[0-5]", "a number of days from 1 to 365"),
    "horizon_days": (r"[3-9]\d|[1-9]\d\d|[12]\d{3}|3[0-5]\d\d|36[0-4]\d|3650", "30 to 3650 days"),
    "proxies": (r"[0-9]", "a number from 0 to 9"),
    "photo_mb": (r"[1-9]\d?|1\d\d|200", "a number from 1 to 200"),
}

# A file, because several processes share it: not sqlite:// or sqlite:///:memory:
_DATABASE_URL = re.compile(r"sqlite:///(?!:memory:).|postgres(ql)?(\+psycopg)?://.")


def _wrong(name: str, value: object) -> Iterator[str]:
    """What is wrong with one value, without ever quoting a secret."""
    if not isinstance(value, str):
        yield f"The setting {name} must be a text in quotes."
    elif name in _CHOICES and value not in _CHOICES[name]:
        yield f"The setting {name} is {value!r}, and must be {' or '.join(_CHOICES[name])}."
    elif name in _FORMS and not re.fullmatch(_FORMS[name][0], value):
        yield f"The setting {name} is {value!r}, and must be {_FORMS[name][1]}."
    elif name == "database_url" and not _DATABASE_URL.match(value):
        yield "The setting database_url must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
    elif name == "secret" and len(value) < SECRET_LENGTH_MIN:
        yield f"The secret is too short: it needs {SECRET_LENGTH_MIN} characters."


def _make_data_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"The data folder {folder} cannot be made: {error.strerror}.") from None


def _drawn(settings: Settings) -> str:
    """The development secret of this data folder, drawn by whoever comes first."""
    path = settings.data_dir / "secret"
    if not path.exists():
        mine = settings.data_dir / f"secret.{secrets.token_hex(4)}"
        with open(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        # A link appears whole or not at all, and fails if another process was quicker.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(mine)
        mine.unlink()
    return path.read_text()
