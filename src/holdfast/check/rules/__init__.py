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
    hf102_file_sessions_die_with_the_pod,
    hf103_session_files_in_an_empty_dir,
    hf104_volume_of_one_node,
    hf105_session_files_on_a_network_volume,
    hf701_affinity_instead_of_a_shared_store,
    hf702_client_ip_affinity_behind_an_edge,
    hf704_client_ip_affinity_ends_before_the_session,
    hf705_affinity_rebalances_when_scaled,
    hf708_affinity_on_some_paths_of_a_host,
    hf709_affinity_behind_the_service_address,
    hf711_hashed_affinity_moves_users,
)

RULES: Final[tuple[Rule, ...]] = (
    hf000_internal.RULE,
    hf001_unreadable.RULE,
    hf002_unused_allowance.RULE,
    hf003_allowed_without_reason.RULE,
    hf101_file_sessions_on_several_replicas.RULE,
    hf102_file_sessions_die_with_the_pod.RULE,
    hf103_session_files_in_an_empty_dir.RULE,
    hf104_volume_of_one_node.RULE,
    hf105_session_files_on_a_network_volume.RULE,
    hf701_affinity_instead_of_a_shared_store.RULE,
    hf702_client_ip_affinity_behind_an_edge.RULE,
    hf704_client_ip_affinity_ends_before_the_session.RULE,
    hf705_affinity_rebalances_when_scaled.RULE,
    hf708_affinity_on_some_paths_of_a_host.RULE,
    hf709_affinity_behind_the_service_address.RULE,
    hf711_hashed_affinity_moves_users.RULE,
)
"""All rules, by their ids."""

RETIRED: Final[frozenset[str]] = frozenset()
"""Ids that were rules once; they are never used again."""
