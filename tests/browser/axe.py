"""What axe-core finds wrong with a page for people who see, hear or move otherwise (WCAG 2.2 AA, and good practice)."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

SOURCE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
# Two frames: a change of colours or width that was just asked for is drawn in the first, or axe reads half of each.
_FADED = """async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise((drawn) => requestAnimationFrame(drawn));
    await Promise.allSettled(document.getAnimations()
        .filter(({effect}) => effect.getComputedTiming().endTime < 5000)
        .map(({finished}) => finished));
}"""
_RUN = """async () => {
    const {violations} = await axe.run(document, {rules: {"target-size": {enabled: true}}});
    return violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) =>
        `${id}: ${html.slice(0, 200)} (${failureSummary.split("\\n").slice(1).join(" ").trim().slice(0, 300)})`));
}"""


async def findings(page: Page) -> list[str]:
    """One line for each element with a fault. A page in the middle of a fade is looked at when that is over."""
    await page.evaluate(SOURCE.read_text())
    await page.evaluate(_FADED)
    found: list[str] = await page.evaluate(_RUN)
    return found
