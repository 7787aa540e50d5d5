"""The command `multirestart`, and `python -m search`, which is the same."""

import gc
import os
import sys


def main() -> None:
    """Run the command line; Ctrl-C while its modules load is one line too."""
    _open_what_is_closed()
    gc.set_threshold(50_000)  # imports make many objects and no garbage: a tenth of a start
    try:
        from search.commands import main as run
    except KeyboardInterrupt:
        sys.stderr.write("multirestart: interrupted\n")
        sys.exit(130)
    try:
        run(prog_name="multirestart")
    finally:
        gc.freeze()  # what is left ends with the process: looking through it takes half a second


def _open_what_is_closed() -> None:
    """Put the null device where a shell's `>&-` has closed a standard stream.

    Otherwise the next file that is opened, a database say, takes the stream's number and what is
    meant for people is written into it. Exit 1 if it is the output, which somebody asked for.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)  # workers need theirs too
    os.close(number)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    if sys.stdout is None:
        sys.stderr.write("multirestart: cannot write: standard output is closed\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
