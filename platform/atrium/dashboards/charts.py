"""Charts of days, drawn by the server: SVG rectangles, and a table that says the same. Pure.

No script and no inline style is needed (the consoles' policy forbids both), a chart is there before any script has run,
and who cannot see it reads the sentence and the table (docs/decisions/0017-charts-are-drawn-by-the-server.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

HEIGHT = 100  # units of the drawing; a day is STEP wide
STEP, BAR = 10, 7
_LEAST = 1.5  # units: what is there is seen

Number = int | Decimal
InWords = Callable[[Number], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in units of the drawing. ``says`` is shown where the pointer rests on it."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as the template ``console/chart.html`` draws it. ``heads`` and ``rows`` are the table."""

    key: str
    title: str
    total: str
    summary: str
    width: int
    bars: Sequence[Bar]
    top: str
    first: str
    last: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]

    @property
    def is_empty(self) -> bool:
        """True when nothing was used on any day."""
        return not self.bars


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn: a number for each day; missing days are 0. ``tone``: "" or "bad"."""

    name: str
    of_day: Mapping[date, Number]
    tone: str = ""


def last_days(number: int, today: date) -> Sequence[date]:
    """That many days, today the last."""
    return [today - timedelta(days=back) for back in reversed(range(number))]


def day_chart(key: str, title: str, days: Sequence[date], stacked: Sequence[Series], in_words: InWords) -> Chart:
    """A bar a day, in which the ``stacked`` series stand on each other."""
    sums: list[Number] = [sum((each.of_day.get(day, 0) for each in stacked), start=0) for day in days]
    most, total = max(sums, default=0), sum(sums, start=0)
    return Chart(
        key=key,
        title=title,
        total=in_words(total),
        summary=_summary(title, days, sums, in_words),
        width=STEP * len(days),
        bars=[bar for place, day in enumerate(days) for bar in _bars(place, day, stacked, most, in_words)],
        top=in_words(most) if most else "",
        first=in_short(days[0]),
        last=in_short(days[-1]),
        heads=[each.name for each in stacked],
        rows=[
            (in_short(day), [in_words(each.of_day.get(day, 0)) for each in stacked])
            for day, number in zip(days, sums, strict=True)
            if number
        ],
    )


def in_short(day: date) -> str:
    """3 Nov"""
    return f"{day.day} {day:%b}"


def _bars(place: int, day: date, stacked: Sequence[Series], most: Number, in_words: InWords) -> list[Bar]:
    bars, foot = [], float(HEIGHT)
    for each in stacked:
        number = each.of_day.get(day, 0)
        if number:
            height = max(_LEAST, round(float(number) / float(most) * HEIGHT, 2))
            foot = max(0.0, round(foot - height, 2))
            says = f"{in_short(day)}: {in_words(number)} {each.name}"
            bars.append(Bar(place * STEP + (STEP - BAR) / 2, foot, BAR, height, each.tone, says))
    return bars


def _summary(title: str, days: Sequence[date], sums: Sequence[Number], in_words: InWords) -> str:
    span = f"{title}, {in_short(days[0])} to {in_short(days[-1])}"
    most = max(sums)
    if not most:
        return f"{span}: none."
    when = in_short(days[sums.index(most)])
    return f"{span}: {in_words(sum(sums, start=0))} in all, most on {when} ({in_words(most)})."
