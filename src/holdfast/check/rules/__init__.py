"""The rules, one module each; its docstring is the rule's page."""

from __future__ import annotations

from typing import Final

from holdfast.check.rule import Rule
from holdfast.check.rules import (
    hf000_internal,
    hf001_unreadable,
    hf002_unused_allowance,
    hf003_allowed_without_reason,
    hf101_file_sessions_on_several_replicas,
    hf501_session_store_evicts_any_key,
    hf502_session_store_evicts_expiring_keys,
    hf504_session_store_loses_all_on_restart,
    hf505_session_store_snapshots_only,
    hf506_sessions_in_the_cache_database,
    hf507_sessions_and_cache_in_one_cluster,
    hf511_cluster_used_as_a_single_server,
    hf513_session_host_leads_to_replicas,
    hf515_session_store_without_timeout,
    hf519_session_store_killed_before_it_is_full,
    hf520_cache_of_another_application,
    hf521_session_store_open_to_all,
    hf525_session_store_in_every_pod,
)

RULES: Final[tuple[Rule, ...]] = (
    hf000_internal.RULE,
    hf001_unreadable.RULE,
    hf002_unused_allowance.RULE,
    hf003_allowed_without_reason.RULE,
    hf101_file_sessions_on_several_replicas.RULE,
    hf501_session_store_evicts_any_key.RULE,
    hf502_session_store_evicts_expiring_keys.RULE,
    hf504_session_store_loses_all_on_restart.RULE,
    hf505_session_store_snapshots_only.RULE,
    hf506_sessions_in_the_cache_database.RULE,
    hf507_sessions_and_cache_in_one_cluster.RULE,
    hf511_cluster_used_as_a_single_server.RULE,
    hf513_session_host_leads_to_replicas.RULE,
    hf515_session_store_without_timeout.RULE,
    hf519_session_store_killed_before_it_is_full.RULE,
    hf520_cache_of_another_application.RULE,
    hf521_session_store_open_to_all.RULE,
    hf525_session_store_in_every_pod.RULE,
)
"""All rules, by their ids."""

RETIRED: Final[frozenset[str]] = frozenset()
"""Ids that were rules once; they are never used again."""
