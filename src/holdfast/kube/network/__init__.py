"""Who may connect to whom, as NetworkPolicies."""
