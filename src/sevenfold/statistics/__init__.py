"""The statistics part of Sevenfold."""
