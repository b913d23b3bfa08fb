"""Every store passes the public suite, on real servers."""

from __future__ import annotations

import pytest

from holdfast.testing import StoreConformance


class TestMemory(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_memory):
        return open_memory


class TestFile(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_file):
        return open_file


class TestFileAlone(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_file_alone):
        return open_file_alone


class TestSqlite(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_sqlite):
        return open_sqlite


class TestSqliteBeside(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_sqlite_beside):
        return open_sqlite_beside


class TestPostgresql(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_postgresql):
        return open_postgresql


class TestPostgresqlBeside(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_postgresql_beside):
        return open_postgresql_beside


class TestMariadb(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_mariadb):
        return open_mariadb


class TestMariadbBeside(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_mariadb_beside):
        return open_mariadb_beside


class TestRedis(StoreConformance):
    @pytest.fixture
    def open_harness(self, redis_opener):
        return redis_opener("laravel-database-laravel-cache-")


class TestRedisStrict(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_redis_strict):
        return open_redis_strict


class TestRedisWithTheRightsThatTheDocsName(StoreConformance):
    @pytest.fixture
    def open_harness(self, open_redis_restricted):
        return open_redis_restricted


class TestRedisUnderAnAwkwardPrefix(StoreConformance):
    @pytest.fixture
    def open_harness(self, redis_opener):
        return redis_opener("{tag}[a-z]*?\\^é:")
