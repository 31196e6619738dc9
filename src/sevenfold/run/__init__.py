"""The run part of Sevenfold."""
