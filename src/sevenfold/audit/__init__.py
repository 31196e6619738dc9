"""The audit part of Sevenfold."""
