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
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
