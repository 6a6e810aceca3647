"""Outputs that want to do harm by their size: each is small enough for a model to write, and big enough to hurt."""

from __future__ import annotations


def generated() -> dict[str, str]:
    """What is too long to write down, by name. Together about 600,000 characters."""
    return {**_deep(), **_wide(), **_slow()}


def _deep() -> dict[str, str]:
    """One thing within the other."""
    depth = 10_000
    return {
        "quotes in quotes": ">" * depth + " deep",
        "lists in lists": "\n".join(" " * (2 * level) + "- level" for level in range(150)),
        "lists in one line": "- " * depth + "deep",
        "quotes and lists": "> - " * 3_000 + "deep",
        "brackets in brackets": "[" * depth + "deep" + "](javascript:alert(1))" * 100,
        "elements in elements": "<div>" * depth + "<img src=x onerror=window.__pwned=1>",
        "emphasis in emphasis": "*a **b " * 2_000 + "deep" + "** c*" * 2_000,
        "svg in svg": "<svg><foreignObject><div>" * 300 + "<img src=x onerror=window.__pwned=1>",
    }


def _wide() -> dict[str, str]:
    """Much beside each other."""
    row = "|" + " x |" * 200
    return {
        "a wide table": "\n".join([row, "|" + "---|" * 200, *[row] * 20]),
        "a long table": "| a | b |\n|---|---|\n" + "| one | two |\n" * 2_000,
        "a table with a few cells in a row": "|" + "a|" * 1_000 + "\n|" + "-|" * 1_000 + "\n" + "|b\n" * 100,
        "a long line": "x" * 60_000,
        "a long word in code": "```\n" + "y" * 30_000 + "\n```",
        "many links": "[a](https://example.com/) " * 1_500,
        "many bad links": "[a](javascript:alert(1)) <javascript:alert(1)> " * 500,
        "many images": "![a](http://evil.invalid/beacon.png)" * 1_000,
        "many lines": "\n\n".join(f"{number}" for number in range(2_000)),
        "many references": "\n".join(f"[r{number}]: javascript:alert({number})" for number in range(2_000))
        + "\n\n[r1]",
        "a number that is too long": "9" * 400 + ". item\n1234567890. item\n-1. item",
    }


def _slow() -> dict[str, str]:
    """What regular expressions for Markdown have taken for ever with."""
    return {
        "spaces before an end": "a" + " " * 20_000 + "b",
        "open emphasis": "*" * 5_000 + "a" + "_" * 5_000,
        "open emphasis with words": "**a " * 4_000 + "_b " * 4_000,
        "backticks of all lengths": "".join("e" + "`" * number for number in range(1, 250)),
        "open links": "[a](" * 5_000,
        "open links in brackets": "[a](<b" * 4_000,
        "open comments": "<!-- " * 5_000,
        "open tags": "<a b='" * 3_000 + "<a " * 3_000,
        "open declarations": "<?" * 5_000 + "<!A" * 3_000 + "<![CDATA[" * 1_000,
        "backslashes": "\\" * 20_000 + "[" * 1_000,
        "entities": "&" * 10_000 + "&#x" * 3_000,
        "a heading of hashes": "# " + "#" * 10_000 + " " * 5_000 + "x",
        "a table of dashes": "|" + "-" * 10_000 + "|\n|" + ":-" * 3_000 + "|",
        "strikes": "~" * 5_000 + "a" + "~~b " * 3_000,
        "addresses": "http://" * 1_500 + "www." * 1_500 + "a@" * 1_500,
        "references without an end": "[a]:" * 3_000 + "\n" + "[b]: <" * 2_000,
        "fences of all lengths": "\n".join("`" * number for number in range(3, 120)),
        "tabs": "\t" * 5_000 + "- \t" * 1_000 + "x",
    }
