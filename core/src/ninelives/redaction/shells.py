"""Passwords in commands: ``curl -u tom:…``, ``mysql -p…``. What an option means is for its program to say.

Options that are called by what they hold, like ``--password``, are known by their names, whatever the program.
"""

from __future__ import annotations

import re
from typing import Any

from ninelives.address import MASK

__all__ = ["Arguments", "mask_shells"]

# Of each program the options whose value is a password, whole or behind a user's name; MySQL's takes none but attached.
_PROGRAMS = {
    "curl": "-u -U --user --proxy-user",
    "http": "-a --auth",
    "https": "-a --auth",
    "mysql": "-p",
    "mysqldump": "-p",
    "mysqladmin": "-p",
    "mariadb": "-p",
    "mariadb-dump": "-p",
    "mongo": "-p",
    "mongosh": "-p",
    "mongodump": "-p",
    "sshpass": "-p",
    "docker": "-p",
    "podman": "-p",
    "helm": "-p",
    "az": "-p",
    "oc": "-p",
    "redis-cli": "-a",
    "ldapsearch": "-w",
}
_ONLY_ATTACHED = frozenset({"mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump"})
# Of these only for the command that logs in: with others ``-p`` is a port, or something else.
_LOGGING_IN = frozenset({"docker", "podman", "helm", "az", "oc"})
_LOGIN = "login"
_OPTIONS = {program: frozenset(options.split()) for program, options in _PROGRAMS.items()}
_USERS = frozenset({"-u", "-U", "--user", "--proxy-user", "--auth", "http-a", "https-a"})
_ATTACHED = re.compile(r"(-[pa])(?=.)")
_NUMBERS = re.compile(r"[0-9]*:[0-9]+\Z")  # ids of a user and a group, a port

_PROGRAM = re.compile(rf"(?<![\w.-])(?:{'|'.join(sorted(_PROGRAMS, key=len, reverse=True))})(?![\w.:-])")
_LOGIN_WORD = re.compile(rf"(?<![\w./:-]){_LOGIN}(?![\w./:-])")
# An option and its value, as a shell has them and as a list in Python or JSON.
_OPTION = re.compile(
    r"""(?<![\w-])(-[uUpaw]|--(?:proxy-)?user|--auth)(\\?["'],[ ]?\\?["']|[ =]["']?|(?=[^\s"'=-]))([^\s"'\\]{1,200}+)"""
)
_LOOK_BACK = 200  # characters from a program's name to its option


def mask_shells(text: str) -> str:
    """The text, with the passwords masked that its commands are given.

    Example:
        >>> mask_shells("curl -s -u tom:hunter2 https://host; mysql -phunter2 shop")
        'curl -s -u tom:*** https://host; mysql -p*** shop'
    """
    return _OPTION.sub(_without_password, text) if " -" in text or "'-" in text or '"-' in text else text


class Arguments:
    """What a list of arguments says so far, read one after the other: whatever runs the program, as ``sudo`` does."""

    def __init__(self) -> None:
        self._before: Any = None
        self._program = ""
        self._has_password = False

    def shown(self, argument: Any) -> str | None:
        """What is shown of the next argument, if it holds a password; None if it holds none."""
        before, self._before = self._before, argument
        if not isinstance(argument, str):
            return None
        shown = self._without_password(before, argument) if self._has_password else None
        if shown is None:
            self._learn(argument)
        return shown

    def _learn(self, argument: str) -> None:
        if (name := argument.rpartition("/")[2]) in _OPTIONS:
            self._program, self._has_password = name, name not in _LOGGING_IN
        elif argument == _LOGIN and self._program in _LOGGING_IN:
            self._has_password = True

    def _without_password(self, before: Any, argument: str) -> str | None:
        known = _OPTIONS[self._program]
        if isinstance(before, str) and before in known and self._program not in _ONLY_ATTACHED:
            return _hidden(self._program, before, argument)
        attached = _ATTACHED.match(argument)
        return f"{attached[1]}{MASK}" if attached and attached[1] in known else None


def _without_password(found: re.Match[str]) -> str:
    option, joint, value = found.groups()
    program = _program_before(found)
    if option not in _OPTIONS.get(program, ()) or (joint and program in _ONLY_ATTACHED):
        return found[0]
    shown = _hidden(program, option, value)
    return found[0] if shown is None else f"{option}{joint}{shown}"


def _program_before(option: re.Match[str]) -> str:
    """The last program before the option, if it takes a password there; else nothing."""
    text, end = option.string, option.start()
    programs = [*_PROGRAM.finditer(text, max(end - _LOOK_BACK, 0), end)]
    if not programs or (programs[-1][0] in _LOGGING_IN and not _LOGIN_WORD.search(text, programs[-1].end(), end)):
        return ""
    return programs[-1][0]


def _hidden(program: str, option: str, value: str) -> str | None:
    if option not in _USERS and f"{program}{option}" not in _USERS:
        return MASK
    user, colon, _password = value.partition(":")
    return None if not colon or _NUMBERS.match(value) else f"{user}:{MASK}"
