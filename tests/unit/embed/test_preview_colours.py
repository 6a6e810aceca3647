"""The preview's colours in the browser are those that are handed out: one table of looks, in Python and in Node.js."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

from embed.palette import CHOSEN, NAMES, OWN, PAIRS, SCHEMES, palette, unreadable
from tests.nodejs import node

SCRIPT = Path(__file__).parents[3] / "platform/atrium/static/atrium/embedded/palette.js"
PROGRAM = """
import { palette, unreadable } from %s;
const { looks, own, pairs } = JSON.parse(process.argv[1]);
console.log(JSON.stringify(looks.map(({ scheme, chosen, light }) => {
  const colours = palette(scheme, chosen, light, own);
  return { colours, passing: unreadable(colours, pairs).map(({ name, on, passing }) => [name, on, passing]) };
})));
"""


def looks() -> list[dict]:
    """Chosen by chance, the same ones each time."""
    chance = random.Random(7)
    found: list[dict] = [{"scheme": scheme, "chosen": {}, "light": {}} for scheme in SCHEMES]
    for _ in range(60):
        names = chance.sample([*CHOSEN, "muted", "on-accent"], chance.randint(1, 4))
        chosen = {name: f"#{chance.randrange(0x1000000):06x}" for name in names}
        scheme = chance.choice(SCHEMES)
        found.append({"scheme": scheme, "chosen": {} if chance.random() < 0.3 else chosen, "light": chosen})
    return found


def test_both_find_the_same_colours():
    asked = {"looks": looks(), "own": OWN, "pairs": PAIRS}
    program = PROGRAM % json.dumps(SCRIPT.as_uri())
    command = [node(), "--no-warnings", "--input-type=module", "-e", program, "--", json.dumps(asked)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
    for look, by_browser in zip(looks(), found, strict=True):
        colours = palette(look["scheme"], look["chosen"], look["light"])
        passing = [[each.name, each.on, each.passing] for each in unreadable(look["scheme"], colours)]
        assert by_browser == {"colours": colours, "passing": passing}, look


def test_what_is_compared_has_a_name_for_people():
    assert {name for name, on, _ in PAIRS for name in (name, on)} <= NAMES.keys()
