"""What the demo prints and writes when it is up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write(file: Path, demo: dict[str, Any]) -> None:
    """Write ``demo.json``, readable by its owner only: it holds passwords."""
    part = file.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(demo, indent=2) + "\n")
    part.replace(file)


def table(demo: dict[str, Any]) -> str:
    """Hosts, people, keys, and a line that can be pasted."""
    operator = demo["operator"]
    rows = [("operators", f"{demo['public_url']}/admin/", operator["username"], operator["password"])]
    for tenant in demo["tenants"].values():
        rows.append(("console", f"{tenant['url']}/admin/", *tenant["admin"].values()))
        rows.append(("chat", tenant["url"], *tenant["member"].values()))
        if "embedded_chat" in tenant:
            rows.append(("embedded chat", tenant["embedded_chat"]["page"], "anyone", ""))
    heads = ("what", "where", "user", "password")
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [heads, *rows]]
    lines.insert(1, "  ".join("-" * width for width in widths))
    keys = [f"API key of {name}: {tenant['api_key']}" for name, tenant in demo["tenants"].items()]
    return "\n".join([*lines, "", *keys, "", "Ask acme's assistant over the API:", "", curl(demo["tenants"]["acme"])])


def curl(tenant: dict[str, Any]) -> str:
    """One line for a shell: ask, and print the answer as it streams."""
    body = json.dumps({"assistant_id": tenant["assistants"][0], "content": tenant["question"]})
    return (
        f"curl -N {tenant['url']}/api/threads/{tenant['thread']}/messages/"
        f' -H "Authorization: Bearer {tenant["api_key"]}" -H "Accept: text/event-stream"'
        f" -H \"Content-Type: application/json\" -d '{body}'"
    )
