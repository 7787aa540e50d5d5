"""`python -m search` is `multirestart`."""

from search.commands import main

if __name__ == "__main__":
    main(prog_name="multirestart")
