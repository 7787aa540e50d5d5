"""A study that nobody trained, and the service over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from search.service.app import create_app
from tests.search_tests.launchers import Launcher


@dataclass(frozen=True)
class Served:
    """A database with the complete study "s", and a client of the service over it."""

    folder: Path
    launcher: Launcher
    client: TestClient

    @property
    def url(self) -> str:
        return self.launcher.url


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    launcher = Launcher(tmp_path)
    launcher.run(lambda one: 1.0 if one.optimizer == "adam" else 0.5)
    with TestClient(create_app(launcher.url), raise_server_exceptions=False) as client:
        yield Served(tmp_path, launcher, client)
    launcher.kill()
    launcher.store.close()
