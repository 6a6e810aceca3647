#!/usr/bin/env python
"""Django's command line for Atrium."""

import sys
from pathlib import Path

# `platform/` is a plain folder and not a package: a package of that name would shadow the standard library's.
sys.path.insert(1, str(Path(__file__).resolve().parent / "platform"))


def main() -> None:
    """Run the command that the arguments name."""
    from atrium.env import set_default_settings_module

    set_default_settings_module()
    if sys.argv[1:2] == ["demo"]:
        from atrium.demo.bootstrap import prepare

        prepare(sys.argv[2:])  # the demo brings its own database and key, which the settings want to see
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
