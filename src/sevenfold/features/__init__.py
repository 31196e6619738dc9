"""The features part of Sevenfold."""
