"""The report part of Sevenfold."""
