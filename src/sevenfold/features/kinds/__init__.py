"""The kinds part of Sevenfold."""
