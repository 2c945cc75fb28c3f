"""Result folders: complete or absent, whatever happens to the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from calibration.errors import InputError
from scenarios.folder import result_folder

ROOT = Path(__file__).resolve().parents[1]
WRITER = """
import sys, time
from scenarios.folder import result_folder
with result_folder(sys.argv[1], "run", "abc") as folder:
    (folder / "summary.json").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def _looks_complete(output):
    return [path.name for path in output.iterdir() if not path.name.startswith(".")] if output.exists() else []


def test_complete_when_the_block_ends(tmp_path):
    output = tmp_path / "outputs"
    with result_folder(str(output), "run", "abc") as folder:
        (folder / "summary.json").write_text("{}")
        assert _looks_complete(output) == []
    assert [path.name for path in output.iterdir()] == ["run-abc"]
    assert (output / "run-abc" / "summary.json").read_text() == "{}"


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), result_folder(str(tmp_path / "outputs"), "run", "abc") as folder:
        (folder / "summary.json").write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_killing_a_run_leaves_no_folder_that_looks_complete(tmp_path):
    output = tmp_path / "outputs"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(output)], stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    assert writer.stdout.readline() == "writing\n"
    writer.kill()
    writer.wait()
    writer.stdout.close()
    assert [path.name for path in output.iterdir()] == [f".partial-abc-{writer.pid}"]
    assert _looks_complete(output) == []


def test_an_error_keeps_the_earlier_result(tmp_path):
    with result_folder(str(tmp_path), "run", "abc") as folder:
        (folder / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt), result_folder(str(tmp_path), "run", "abc") as folder:
        (folder / "a").write_text("new")
        raise KeyboardInterrupt
    assert (tmp_path / "run-abc" / "a").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_rerun_replaces_the_earlier_result_and_says_so(tmp_path, capsys):
    for name in ("old", "new"):
        with result_folder(str(tmp_path), "run", "abc") as folder:
            (folder / name).write_text("")
    assert [path.name for path in (tmp_path / "run-abc").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["run-abc"]
    assert "replacing" in capsys.readouterr().err


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "outputs").write_text("")
    with pytest.raises(InputError, match=r"^compute.output=.*: allowed is a folder that can be written"):
        with result_folder(str(tmp_path / "outputs"), "run", "abc"):
            pass
