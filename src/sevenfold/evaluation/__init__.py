"""The evaluation part of Sevenfold."""
