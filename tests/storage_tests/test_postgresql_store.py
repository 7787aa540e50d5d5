"""The store on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from storage.contract import Store
from storage.opening import open_for_reading, open_for_writing
from tests.postgresql import Server
from tests.storage_tests.contract import StoreContract


@pytest.fixture(scope="module")
def tables(postgresql: Server) -> str:
    """A database in which the tables are made already."""
    url = postgresql.new()
    open_for_writing(url).close()
    return url.rpartition("/")[2]


class TestPostgresqlStore(StoreContract):
    @pytest.fixture
    def url(self, postgresql: Server, tables: str) -> str:
        return postgresql.new(like=tables)

    @pytest.fixture
    def opened(self) -> Iterator[ExitStack]:
        with ExitStack() as stack:
            yield stack

    @pytest.fixture
    def make_store(self, url: str, opened: ExitStack) -> Callable[[], Store]:
        return lambda: opened.enter_context(closing(open_for_writing(url)))

    @pytest.fixture
    def read_store(self, url: str, opened: ExitStack) -> Callable[[], Store]:
        return lambda: opened.enter_context(closing(open_for_reading(url)))
