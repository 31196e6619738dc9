"""The rerankers part of Sevenfold."""
