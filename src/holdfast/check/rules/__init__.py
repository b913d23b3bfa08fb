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
    hf113_sessions_in_different_stores,
    hf203_different_keys,
    hf205_key_changed_in_one_step,
    hf209_key_of_wrong_length,
    hf210_encrypted_in_one_workload_alone,
    hf306_different_session_names,
    hf701_affinity_instead_of_a_shared_store,
    hf702_client_ip_affinity_behind_an_edge,
    hf704_client_ip_affinity_ends_before_the_session,
    hf705_affinity_rebalances_when_scaled,
    hf708_affinity_on_some_paths_of_a_host,
    hf709_affinity_behind_the_service_address,
    hf711_hashed_affinity_moves_users,
    hf803_no_pre_stop,
    hf804_php_stops_before_its_web_server,
    hf807_readiness_proves_nothing,
    hf810_budget_blocks_drains,
    hf811_all_pods_away_at_once,
    hf813_different_session_formats,
    hf819_colours_do_not_share_sessions,
    hf823_scales_down_at_once,
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
    hf113_sessions_in_different_stores.RULE,
    hf203_different_keys.RULE,
    hf205_key_changed_in_one_step.RULE,
    hf209_key_of_wrong_length.RULE,
    hf210_encrypted_in_one_workload_alone.RULE,
    hf306_different_session_names.RULE,
    hf701_affinity_instead_of_a_shared_store.RULE,
    hf702_client_ip_affinity_behind_an_edge.RULE,
    hf704_client_ip_affinity_ends_before_the_session.RULE,
    hf705_affinity_rebalances_when_scaled.RULE,
    hf708_affinity_on_some_paths_of_a_host.RULE,
    hf709_affinity_behind_the_service_address.RULE,
    hf711_hashed_affinity_moves_users.RULE,
    hf803_no_pre_stop.RULE,
    hf804_php_stops_before_its_web_server.RULE,
    hf807_readiness_proves_nothing.RULE,
    hf810_budget_blocks_drains.RULE,
    hf811_all_pods_away_at_once.RULE,
    hf813_different_session_formats.RULE,
    hf819_colours_do_not_share_sessions.RULE,
    hf823_scales_down_at_once.RULE,
)
"""All rules, by their ids."""

RETIRED: Final[frozenset[str]] = frozenset()
"""Ids that were rules once; they are never used again."""
