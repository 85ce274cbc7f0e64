"""Passwords in commands: ``curl -u tom:…``, ``mysql -p…``. What an option means is for its program to say.

Options that are called by what they hold, like ``--password``, are known by their names, whatever the program.
"""

from __future__ import annotations

import re
from typing import Any

from ninelives.address import MASK

__all__ = ["argument_of", "mask_shells", "program_of"]

# Of each program the options whose value is a password, whole or behind a user's name; MySQL's takes none but attached.
_PROGRAMS = {
    "curl": "-u -U --user --proxy-user",
    "http": "-a --auth",
    "https": "-a --auth",
    "mysql": "-p",
    "mysqldump": "-p",
    "mysqladmin": "-p",
    "mariadb": "-p",
    "mongo": "-p",
    "mongosh": "-p",
    "mongodump": "-p",
    "sshpass": "-p",
    "docker login": "-p",
    "redis-cli": "-a",
    "ldapsearch": "-w",
}
_ONLY_ATTACHED = frozenset({"mysql", "mysqldump", "mysqladmin", "mariadb"})
_OPTIONS = {program: frozenset(options.split()) for program, options in _PROGRAMS.items()}
_USERS = frozenset({"-u", "-U", "--user", "--proxy-user", "--auth", "http-a", "https-a"})
_ATTACHED = re.compile(r"(-[pa])(?=.)")
_NUMBERS = re.compile(r"[0-9]*:[0-9]+\Z")  # ids of a user and a group, a port

_PROGRAM = re.compile(rf"(?<![\w.-])(?:{'|'.join(sorted(_PROGRAMS, key=len, reverse=True))})(?![\w.:-])")
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


def program_of(arguments: Any) -> str:
    """The program that a list of arguments begins with, if it is one whose options are known; else nothing."""
    first = arguments[0] if isinstance(arguments, (list, tuple)) and arguments else None
    program = first.rpartition("/")[2] if isinstance(first, str) else ""
    return program if program in _OPTIONS else ""


def argument_of(program: str, before: Any, argument: Any) -> str | None:
    """What is shown of an argument of this program that holds a password; None if it holds none."""
    if not isinstance(argument, str) or not isinstance(before, str):
        return None
    known = _OPTIONS[program]
    if before in known and program not in _ONLY_ATTACHED:
        return _hidden(program, before, argument)
    attached = _ATTACHED.match(argument)
    return f"{attached[1]}{MASK}" if attached and attached[1] in known else None


def _without_password(found: re.Match[str]) -> str:
    option, joint, value = found.groups()
    programs = _PROGRAM.findall(found.string, max(found.start() - _LOOK_BACK, 0), found.start())
    if not programs or option not in _OPTIONS[programs[-1]] or (joint and programs[-1] in _ONLY_ATTACHED):
        return found[0]
    shown = _hidden(programs[-1], option, value)
    return found[0] if shown is None else f"{option}{joint}{shown}"


def _hidden(program: str, option: str, value: str) -> str | None:
    if option not in _USERS and f"{program}{option}" not in _USERS:
        return MASK
    user, colon, _password = value.partition(":")
    return None if not colon or _NUMBERS.match(value) else f"{user}:{MASK}"
