"""Progress of the simulations of one command: a bar on stderr once it lasts longer than two seconds."""

from __future__ import annotations

import time

from tqdm import tqdm

SHOW_AFTER = 2.0  # seconds
_bars: list[tqdm] = []  # of this process


def close_bars() -> None:
    """Remove every bar, where a command ends before its work does."""
    while _bars:
        _bars.pop().close()


def amount(number: float) -> str:
    """`53 120`, or `1.2 M` from a million on."""
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number:,.0f}".replace(",", " ")


class Progress:
    """Counts person-quarters and seconds over several simulations; pass `step` to each as its progress callback.

    `simulations`: how many of the length of the first; `shown`: False where another process shows the bar.
    """

    def __init__(self, simulations: float = 1, shown: bool = True) -> None:
        self.person_quarters = 0
        self.seconds = 0.0
        self.quarters = 0
        self._shown = shown
        self._simulations = simulations
        self._bar: tqdm | None = None
        self._started = 0.0
        self._before = 0

    def __getstate__(self) -> dict[str, object]:
        """What another process gets: counts, and no bar, which belongs to this screen."""
        return {**self.__dict__, "_bar": None, "_shown": False}

    def begin(self, label: str) -> None:
        """A simulation starts."""
        self._label = label
        self._started = time.perf_counter()
        self._before = self.person_quarters

    def step(self, quarter: int, quarters: int, person_quarters: int) -> None:
        """A quarter is done; `person_quarters` counts from the start of this simulation."""
        self.quarters += 1
        if not self._shown:
            self.person_quarters = self._before + person_quarters
            return
        if self._bar is None:
            total = round(quarters * self._simulations)
            self._bar = tqdm(
                total=total, unit="quarter", mininterval=0.5, delay=SHOW_AFTER, leave=False, dynamic_ncols=True
            )
            _bars.append(self._bar)
        self.person_quarters = self._before + person_quarters
        elapsed = self.seconds + time.perf_counter() - self._started
        self._bar.set_description(self._label, refresh=False)
        rate = self.person_quarters / max(elapsed, 1e-9)
        self._bar.set_postfix_str(f"{amount(rate)} person-quarters/s", refresh=False)
        self._bar.update()

    def end(self) -> None:
        """The simulation is over."""
        self.seconds += time.perf_counter() - self._started

    def elsewhere(self, done: Progress, label: str) -> None:
        """Count what another process has simulated; its seconds ran beside those of others and are counted by who waits."""
        self.person_quarters += done.person_quarters
        if self._bar is not None:
            self._bar.set_description(label, refresh=False)
            self._bar.update(done.quarters)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()

    @property
    def line(self) -> str:
        """Simulated person-quarters, seconds and their ratio, in words."""
        rate = self.person_quarters / max(self.seconds, 1e-9)
        return f"{amount(self.person_quarters)} person-quarters in {self.seconds:.1f} s, {amount(rate)} per second"
