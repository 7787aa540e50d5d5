"""Pictures of reports as people see them, to be looked at: by day, by night, on a phone, on paper.

    multirestart report --training -o report.html
    python scripts/screenshots.py report.html --into screenshots

Needs Debian's Chromium (apt-get install chromium) and playwright (pip install -e ".[test]").
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_VIEWS = {
    "day": ({"width": 1100, "height": 900}, "light"),
    "night": ({"width": 1100, "height": 900}, "dark"),
    "phone": ({"width": 390, "height": 844}, "light"),
    "phone-night": ({"width": 390, "height": 844}, "dark"),
}
"""Name -> size of the window, and whether the reader has it light or dark."""


def main() -> None:
    """Take the pictures, and print their names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="+", type=Path, help="HTML files")
    parser.add_argument("--into", type=Path, default=Path("screenshots"), help="folder of pictures")
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    given.into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for page in given.pages:
            for view, (size, colours) in _VIEWS.items():
                opened = browser.new_page(
                    viewport={"width": size["width"], "height": size["height"]},
                    color_scheme="dark" if colours == "dark" else "light",
                )
                opened.goto(page.resolve().as_uri())
                file = given.into / f"{page.stem}-{view}.png"
                opened.screenshot(path=file, full_page=True)
                print(file)
                if view == "day":
                    file = given.into / f"{page.stem}-print.pdf"
                    opened.pdf(path=file, format="A4")
                    print(file)
                opened.close()
        browser.close()


if __name__ == "__main__":
    main()
