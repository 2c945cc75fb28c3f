"""Progress on the screen: a readable rate, and no bar below the last line."""

import pytest

from scenarios import cli, progress


def test_an_interruption_is_the_last_line(capsys, monkeypatch):
    """The bar that stands on the screen is removed and does not come back below the line."""
    monkeypatch.setattr(progress, "SHOW_AFTER", 0.0)
    shown = progress.Progress()
    shown.begin("baseline, seed 1")
    shown.step(1, 8, 2000)
    assert "quarter/s" in capsys.readouterr().err
    cli._complain("interrupted")
    shown.close()
    written = capsys.readouterr().err
    assert written.endswith("integra: interrupted\n") and "quarter/s" not in written


@pytest.mark.parametrize(
    ("persons", "seconds", "line"),
    [
        (53_120, 26.5, "53 120 person-quarters in 26.5 s, 2 005 per second"),
        (250_400_000, 125.0, "250.4 M person-quarters in 125.0 s, 2.0 M per second"),
        (0, 0.0, "0 person-quarters in 0.0 s, 0 per second"),
    ],
)
def test_no_rate_is_rounded_to_nothing(persons, seconds, line):
    done = progress.Progress()
    done.person_quarters, done.seconds = persons, seconds
    assert done.line == line
