"""The data part of Sevenfold."""
