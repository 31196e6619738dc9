"""The retrievers part of Sevenfold."""
