"""An embedded chat beside others: how much a page loads, and how long a click takes: `make bench-embed`.

    python -m benchmarks.embed [--rates 1 4 6] [--rounds 5]

Sizes are those of gzip -9, all bundled and minified by the same esbuild; the peers come from npm, into build/bench.
Times are from `Atrium.open()` to the moment in which a message can be written, in a page of another origin, in
Debian's Chromium, whose CPU the DevTools protocol slows down by each of the rates; first with an empty cache, and then
with what the first visit has left in it. They are those of a machine that also runs the server and the database.
Writes build/bench/embed.json.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from benchmarks.peer_report import Figure
from tests import postgres
from tests.browser.chromium import ARGUMENTS, system_chromium
from tests.browser.web_pages import serving
from tests.nodejs import npm, tool
from tests.subprocesses import PRODUCTION, ROOT, web_server

OUT = ROOT / "build" / "bench"
BUILT = ROOT / "platform" / "embed" / "static" / "embed" / "dist"
PEERS = {"deep-chat@2.4.2": "deep-chat", "flowise-embed@3.1.6": "flowise-embed/dist/web.js"}
LAUNCHER_MOST, FRAME_MOST = 5_000, 35_000  # bytes
# One process for page and frame: only what is in the page's own is slowed down. What frames store is kept apart.
TOGETHER = (
    "--disable-features=IsolateOrigins,site-per-process,Translate,PaintHolding",
    "--disable-site-isolation-trials",
)
OPENED = """() => new Promise((usable) => {
    const clicked = performance.now();
    Atrium.on("visitor", () => usable(performance.now() - clicked));
    Atrium.open();
})"""


def main() -> None:
    """Measure, print, write."""
    options = argparse.ArgumentParser(prog="bench-embed")
    options.add_argument("--rates", type=int, nargs="+", default=[1, 4, 6], help="how many times slower the CPU is")
    options.add_argument("--rounds", type=int, default=5, help="visits of each kind; the median is told")
    asked = options.parse_args()
    found = [*sizes(), *times(asked.rates, asked.rounds)]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "embed.json").write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print("", *map(str, found), f"\n1-minute load: {os.getloadavg()[0]:.1f}", sep="\n")


# -- sizes


def sizes() -> list[Figure]:
    """In kB (1,000 bytes)."""
    ours = {name: _packed(BUILT / name) for name in ("launcher.js", "frame.js", "frame.css")}
    words = {file.stem: _packed(file) for file in (BUILT / "locales").glob("*.js")}
    heaviest = max(words, key=lambda tag: words[tag])
    frame = ours["frame.js"] + ours["frame.css"] + words[heaviest]
    found = [
        _size("launcher, before anybody clicks", ours["launcher.js"], LAUNCHER_MOST),
        _size(f"frame: script, styles, words (the heaviest: {heaviest})", frame, FRAME_MOST),
    ]
    return [*found, *(_size(name, size, None) for name, size in _peers().items())]


def _size(name: str, size: int, most: int | None) -> Figure:
    aim = f"at most {most / 1000:g}" if most else "for comparison"
    return Figure(f"size of {name}", size / 1000, "kB gzip", aim, most is None or size <= most)


def _packed(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))


def _peers() -> dict[str, int]:
    folder = OUT / "embed-peers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    command = [*npm(), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *PEERS]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        print("The peers could not be installed: they are left out.")
        return {}
    found = {}
    for name, entry in PEERS.items():
        source, bundle = folder / "entry.js", folder / "bundle.js"
        source.write_text(f"export * from '{entry}';\n")
        flags = ["--bundle", "--minify", "--format=esm", "--log-level=error", f"--outfile={bundle}"]
        subprocess.run([*tool("esbuild"), str(source), *flags], check=True)
        found[name] = _packed(bundle)
    return found


# -- times


def times(rates: list[int], rounds: int) -> list[Figure]:
    """Milliseconds from a click to a chat that can be used."""
    with ExitStack() as stack:
        maintenance = stack.enter_context(postgres.server())
        database = stack.enter_context(postgres.database(maintenance))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _migrate(database)
        settings = {**PRODUCTION, "DATABASE_URL": database, "ATRIUM_INSECURE_HTTP": "1", "ATRIUM_LOG_LEVEL": "WARNING"}
        server = stack.enter_context(web_server(folder / "server.log", **settings))
        return asyncio.run(_visits(server.url.rpartition(":")[2], rates, rounds))


def _migrate(database: str) -> None:
    """A tenant at acme.localhost."""
    os.environ |= {"DATABASE_URL": database, "ATRIUM_DEBUG": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from tenants.provisioning.migrate import migrate_public
    from tests.factories import make_tenant

    migrate_public()
    tenants["acme"] = make_tenant("acme")


tenants: dict[str, Any] = {}


def _snippet(port: str, origin: str) -> str:
    from embed.models import Site
    from embed.snippet import snippet_of
    from embed.use_cases.sites import save_site
    from tenants.context import tenant_context

    acme = tenants["acme"]
    with tenant_context(acme.ref):
        site = Site(name="Shop", assistant_id="docs_assistant", origins=[origin], greeting="Hello!")
        save_site(acme.actor(acme.owner), site)
        return snippet_of(site, f"http://{acme.host}:{port}")


async def _visits(port: str, rates: list[int], rounds: int) -> list[Figure]:
    found = []
    async with serving() as web, async_playwright() as playwright:
        shop = web.origin("shop")
        web.put("/", await asyncio.to_thread(_snippet, port, shop))
        browser = await playwright.chromium.launch(executable_path=system_chromium(), args=[*ARGUMENTS, *TOGETHER])
        for rate in rates:
            visits = [await _visit(browser, shop, rate) for _ in range(rounds)]
            for kind, taken in zip(("first visit", "next visit"), zip(*visits, strict=True), strict=True):
                name = f"click to usable, CPU {rate} x slower, {kind}"
                found.append(Figure(name, statistics.median(taken), "ms", "told, not held", True))
        await browser.close()
    return found


async def _visit(browser: Browser, shop: str, rate: int) -> tuple[float, float]:
    """The first visit of a new browser, and one after it."""
    context = await browser.new_context()
    taken = []
    for _ in range(2):
        page = await context.new_page()
        protocol = await context.new_cdp_session(page)
        await page.goto(shop)
        await page.wait_for_function("() => Boolean(window.Atrium)")
        await protocol.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        taken.append(await page.evaluate(OPENED))
        await page.close()
    await context.close()
    return taken[0], taken[1]


if __name__ == "__main__":
    main()
