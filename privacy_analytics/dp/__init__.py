"""Differential privacy, pure: no lake, no files but the ledger's and the release store's, no figures."""
