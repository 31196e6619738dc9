"""The design part of Sevenfold."""
