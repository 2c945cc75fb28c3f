"""The error for anything a user can put right: a setting, a table, a file, too little memory.

The command line turns it into one line and exit status 2; in a notebook it is an ordinary ValueError.
"""

from __future__ import annotations


class InputError(ValueError):
    """A setting or a table that cannot be used; the message names the key, the value and what is allowed."""


def refuse(key: str, value: object, allowed: str) -> InputError:
    """The error `<key>=<value>: allowed is <allowed>`, to be raised by the caller."""
    return InputError(f"{key}={written(value)}: allowed is {allowed}")


def written(value: object) -> str:
    """A value as one writes it in a setting: null, true, [a,b]."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(written, value))}]"
    return str(value) or "''"
