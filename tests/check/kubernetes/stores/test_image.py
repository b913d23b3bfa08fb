"""Which server an image holds."""

from __future__ import annotations

import pytest

from holdfast.check.kubernetes.stores.image import image


@pytest.mark.parametrize(
    ("name", "product", "maker"),
    [
        ("redis", "redis", "plain"),
        ("redis:7-alpine", "redis", "plain"),
        ("docker.io/library/redis:7.2.4@sha256:ab", "redis", "plain"),
        ("docker.io/redis", "redis", "plain"),
        ("public.ecr.aws/docker/library/redis:7", "redis", "plain"),
        ("registry:5000/redis", "redis", "other"),
        ("registry.example.com/team/redis:7", "redis", "other"),
        ("bitnami/redis:7.2", "redis", "bitnami"),
        ("docker.io/bitnamilegacy/redis", "redis", "bitnami"),
        ("registry-1.docker.io/bitnami/valkey:8", "valkey", "bitnami"),
        ("redis/redis-stack-server:latest", "redis", "stack"),
        ("redis/redis-stack:7.2.0-v9", "redis", "stack"),
        ("valkey/valkey:8", "valkey", "plain"),
        ("eqalpha/keydb", "keydb", "plain"),
        ("docker.dragonflydb.io/dragonflydb/dragonfly:v1.25", "dragonfly", "plain"),
        ("memcached:1.6-alpine", "memcached", "plain"),
        ("mariadb:10.11", "mariadb", "plain"),
        ("postgres:16", "postgresql", "plain"),
        ("quay.io/opstree/redis:v7.0.12", "redis", "other"),
    ],
)
def test_it_is_known(name, product, maker):
    found = image(name)
    assert (found.product, found.maker) == (product, maker)


@pytest.mark.parametrize(
    "name",
    [
        "oliver006/redis_exporter", "redis/redisinsight", "rediscommander/redis-commander",
        "myshop/redis-proxy", "php:8.3-fpm", "", "${IMAGE}", "bitnami/redis-exporter",
        "prom/memcached-exporter", "phpmyadmin", "haproxy",
    ],
)  # fmt: skip
def test_it_is_none(name):
    assert image(name) is None


def test_sentinels_are_told_apart():
    assert image("bitnami/redis-sentinel:7").sentinel
    assert not image("bitnami/redis:7").sentinel
