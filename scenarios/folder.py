"""Result folders: written under another name, and renamed when complete.

A run that fails or is killed leaves at most `outputs/.partial-<hash>-<pid>`, never a folder that looks complete.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from calibration.errors import InputError, refuse

_DISK = (errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG)


@contextlib.contextmanager
def result_folder(output: str, name: str, digest: str) -> Iterator[Path]:
    """Yield a folder to write into; when the block ends well it becomes `<output>/<name>-<digest>`.

    A complete folder of that name is replaced. When the block raises, everything written is removed. Raises
    InputError if the folder cannot be written.
    """
    root = Path(output)
    created = not root.exists()
    partial = root / f".partial-{digest}-{os.getpid()}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
    except OSError as error:
        raise _unwritable(output, error) from error
    try:
        yield partial
        _replace(partial, final_folder(output, name, digest))
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise _unwritable(output, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if created:
            with contextlib.suppress(OSError):
                root.rmdir()


def final_folder(output: str, name: str, digest: str) -> Path:
    """Where a complete result of this name and hash lies."""
    return Path(output) / f"{name}-{digest}"


def _replace(partial: Path, final: Path) -> None:
    """Give the partial folder its final name; an older result is moved aside first, so that none is ever mixed."""
    old = partial.with_name(partial.name.replace(".partial-", ".old-"))
    if final.exists():
        print(f"{final}: replacing the earlier result of the same settings, tables and code", file=sys.stderr)
        final.rename(old)
    partial.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _unwritable(output: str, error: OSError) -> InputError:
    return refuse("compute.output", output, f"a folder that can be written ({error.strerror or error})")
