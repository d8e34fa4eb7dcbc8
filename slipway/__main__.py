"""`slipway`, and `python -m slipway`."""

from __future__ import annotations

import os
import sys

from slipway.cli import app


def main() -> None:
    try:
        try:
            app(prog_name="slipway")
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:  # not of the output: it was opened by somebody else
            raise
        print(f"The output cannot be written: {error.strerror}.", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more, and complains
        sys.exit(1)


if __name__ == "__main__":
    main()
