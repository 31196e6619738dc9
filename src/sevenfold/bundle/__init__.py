"""The bundle part of Sevenfold."""
