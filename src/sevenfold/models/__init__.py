"""The models part of Sevenfold."""
