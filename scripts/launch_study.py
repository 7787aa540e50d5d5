"""From a checkout: `python scripts/launch_study.py ...` is `multirestart launch ...`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from search.commands import main

if __name__ == "__main__":
    main(["launch", *sys.argv[1:]], prog_name="multirestart")
