"""Kinds of features, one a file; the contract is `features.kind.Kind`."""
