"""The designs part of Sevenfold."""
